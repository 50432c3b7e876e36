//! Describes the arrays of a file, before it is decided which of them are the embeddings.

use protea_hdf5::MatrixType;

use super::Pool;
use crate::accession;

/// Largest number of arrays listed in a message.
const LISTED: usize = 20;
/// Number of members of a group that are inspected to decide what it contains.
pub(super) const INSPECTED: usize = 64;

/// An array of a file.
#[derive(Debug, Clone)]
pub(super) struct Array<H> {
    /// The name with its groups: `emb/vectors`.
    pub name: String,
    pub dims: Vec<u64>,
    pub kind: ArrayKind,
    /// Locates the array in the file.
    pub handle: H,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArrayKind {
    Float(MatrixType),
    Text,
    /// Pickled Python objects, which are never read.
    Objects,
    /// Any other type, described for a message.
    Other(String),
}

impl<H> Array<H> {
    /// The width of the array if it is one vector: one dimension, or one row.
    pub fn vector_width(&self) -> Option<u64> {
        match (&self.kind, self.dims.as_slice()) {
            (ArrayKind::Float(_), &[width] | &[1, width]) => Some(width),
            _ => None,
        }
    }

    /// The width of the array if it is one vector, or one vector per residue of a protein.
    pub fn residue_width(&self) -> Option<u64> {
        match (&self.kind, self.dims.as_slice()) {
            (ArrayKind::Float(_), &[width] | &[_, width] | &[1, _, width]) => Some(width),
            _ => None,
        }
    }

    pub fn is_matrix(&self) -> bool {
        matches!(self.kind, ArrayKind::Float(_)) && self.dims.len() == 2
    }

    /// Whether the array is one value, such as the number of a layer or the name of a model.
    pub fn is_single_value(&self) -> bool {
        matches!(self.dims.as_slice(), [] | [1])
    }

    /// Whether the array has a string for each of `rows` rows, perhaps as one column or one row.
    pub fn is_list_of(&self, rows: u64) -> bool {
        self.kind == ArrayKind::Text
            && matches!(self.dims.as_slice(), &[n] | &[n, 1] | &[1, n] if n == rows)
    }

    pub fn describe(&self) -> String {
        format!("{} ({})", self.name, self.shape())
    }

    /// The shape and type for a message: `300 × 32 f16`.
    pub fn shape(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(u64::to_string).collect();
        let kind = match &self.kind {
            ArrayKind::Float(dtype) => dtype.name(),
            ArrayKind::Text => "string",
            ArrayKind::Objects => "objects",
            ArrayKind::Other(words) => words,
        };
        let shape = if dims.is_empty() {
            "a single".to_owned()
        } else {
            dims.join(" × ")
        };
        format!("{shape} {kind}")
    }
}

/// The arrays of one group or archive.
#[derive(Debug, Clone)]
pub(super) struct ArrayGroup<H> {
    /// The names from the root to the group; empty for the root.
    pub path: Vec<String>,
    /// The arrays among its first [`INSPECTED`] members.
    pub arrays: Vec<Array<H>>,
    /// Total number of members.
    pub total: usize,
    pub handle: H,
}

impl<H> ArrayGroup<H> {
    pub fn name(&self) -> String {
        self.path.join("/")
    }

    /// The name of one of its arrays without the names of the groups.
    pub fn base_name<'a>(&self, array: &'a Array<H>) -> &'a str {
        let name = self.name();
        array
            .name
            .strip_prefix(&name)
            .map_or(array.name.as_str(), |base| {
                if name.is_empty() {
                    base
                } else {
                    base.trim_start_matches('/')
                }
            })
    }

    /// The places of the single values among several arrays of another shape: they describe the file and
    /// are no embeddings.
    pub fn single_values(&self) -> Vec<usize> {
        let single: Vec<usize> = (0..)
            .zip(&self.arrays)
            .filter(|(_, array)| array.is_single_value())
            .map(|(at, _)| at)
            .collect();
        let others = self.arrays.len() - single.len();
        if others < 2 || others <= single.len() {
            return Vec::new();
        }
        single
    }

    /// Removes the single values and returns their names.
    pub fn take_single_values(&mut self) -> Vec<String> {
        let single = self.single_values();
        let names = single
            .iter()
            .map(|&at| self.base_name(&self.arrays[at]).to_owned());
        let names = names.collect();
        let mut at = 0;
        self.arrays.retain(|_| {
            at += 1;
            !single.contains(&(at - 1))
        });
        names
    }

    /// Whether its arrays are numbered, as far as they are listed: without names of their own.
    pub fn is_numbered(&self) -> bool {
        let left_out = self.single_values();
        let arrays = (0..).zip(&self.arrays);
        let arrays = arrays.filter(|(at, _)| !left_out.contains(at));
        let names: Vec<String> = arrays
            .map(|(_, array)| self.base_name(array).to_owned())
            .collect();
        if self.total > self.arrays.len() {
            return names.iter().all(|name| number(name).is_some());
        }
        numbered(&names).is_some()
    }

    /// Whether the group has one vector per protein, or, if they are pooled, one matrix.
    pub fn has_proteins(&self, pool: Option<Pool>) -> bool {
        // A group that also has subgroups or other objects is not a set of vectors.
        if self.arrays.len() < self.total.min(INSPECTED) {
            return false;
        }
        let left_out = self.single_values();
        let vectors = (0..).zip(&self.arrays);
        let vectors = vectors.filter(|(at, _)| !left_out.contains(at));
        let mut widths = vectors.map(|(_, array)| match pool {
            None => array.vector_width(),
            Some(Pool::Mean) => array.residue_width(),
        });
        match widths.next() {
            Some(Some(first)) => widths.all(|width| width == Some(first)),
            _ => false,
        }
    }

    /// Whether the group has one matrix per protein, with a row for each residue.
    pub fn has_residues(&self) -> bool {
        if !self.has_proteins(Some(Pool::Mean)) || self.has_proteins(None) {
            return false;
        }
        let left_out = self.single_values();
        let arrays = (0..).zip(&self.arrays);
        let arrays = arrays.filter(|(at, _)| !left_out.contains(at));
        let arrays: Vec<&Array<H>> = arrays.map(|(_, array)| array).collect();
        let rows = |array: &Array<H>| array.dims.get(array.dims.len().wrapping_sub(2)).copied();
        arrays.len() > 2
            || arrays.iter().any(|array| rows(array) != rows(arrays[0]))
            || arrays.iter().all(|array| {
                accession::from_word(self.base_name(array)).is_some_and(accession::is_uniprot)
            })
    }

    pub fn describe(&self) -> String {
        let name = if self.path.is_empty() {
            "/".to_owned()
        } else {
            self.name()
        };
        match self.arrays.first() {
            Some(first) if self.has_proteins(None) => {
                format!(
                    "{name} ({} vectors, the first {})",
                    self.total,
                    first.describe()
                )
            }
            _ => format!("{name} ({} members)", self.total),
        }
    }
}

/// The problem with a choice, and how to fix it.
pub(super) type Problem = (String, &'static str);

/// At most [`LISTED`] lines.
pub(super) fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > LISTED {
        lines.truncate(LISTED);
        lines.push("…".into());
    }
    lines
}

/// The number in a name such as `7` or `arr_7`, which `torch.save` of a list and `numpy.savez` of
/// arrays without names give.
fn number(name: &str) -> Option<(&str, usize)> {
    const PREFIXES: [&str; 8] = [
        "",
        "arr_",
        "tensor_",
        "embedding_",
        "emb_",
        "row_",
        "item_",
        "vector_",
    ];
    let start = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[start.len()..];
    let padded = digits.len() > 1 && digits.starts_with('0');
    if !PREFIXES.contains(&start) || padded {
        return None;
    }
    Some((start, digits.parse().ok()?))
}

/// For names that are consecutive numbers from 0 or 1: the place of each number, in their order. `None`
/// for other names.
pub(super) fn numbered(names: &[String]) -> Option<Vec<usize>> {
    let numbers: Option<Vec<_>> = names.iter().map(|name| number(name)).collect();
    let mut numbers: Vec<_> = numbers?.into_iter().zip(0..).collect();
    numbers.sort_unstable();
    let ((prefix, first), _) = *numbers.first()?;
    let consecutive = (first..)
        .zip(&numbers)
        .all(|(wanted, ((start, number), _))| wanted == *number && *start == prefix);
    (first <= 1 && consecutive).then(|| numbers.into_iter().map(|(_, place)| place).collect())
}

/// The first of the columns whose name is not a common start and a number, if most names are: it
/// may not be a dimension.
pub(super) fn odd_name(names: &[String]) -> Option<usize> {
    let start = |name: &String| {
        let start = name.trim_end_matches(|c: char| c.is_ascii_digit());
        (start.len() < name.len()).then(|| start.to_owned())
    };
    let starts: Vec<_> = names.iter().map(start).collect();
    let common = starts
        .get(starts.len() / 2)
        .filter(|start| start.is_some())?;
    let alike = starts.iter().filter(|start| *start == common).count();
    if 2 * alike <= starts.len() {
        return None;
    }
    starts.iter().position(|start| start != common)
}
