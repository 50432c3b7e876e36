//! Decides which arrays of a file are the embeddings and which the accessions.

use std::path::Path;

use protea_hdf5::MatrixType;

use super::{ArrayNames, FormatError};

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
    /// Any other type, described for a message.
    Other(String),
}

impl<H> Array<H> {
    /// The width of the array if it is one vector: one dimension, or one row.
    fn vector_width(&self) -> Option<u64> {
        match (&self.kind, self.dims.as_slice()) {
            (ArrayKind::Float(_), &[width] | &[1, width]) => Some(width),
            _ => None,
        }
    }

    fn is_matrix(&self) -> bool {
        matches!(self.kind, ArrayKind::Float(_)) && self.dims.len() == 2
    }

    fn is_list_of(&self, rows: u64) -> bool {
        self.kind == ArrayKind::Text && self.dims == [rows]
    }

    fn describe(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(u64::to_string).collect();
        let kind = match &self.kind {
            ArrayKind::Float(dtype) => dtype.name(),
            ArrayKind::Text => "string",
            ArrayKind::Other(words) => words,
        };
        let shape = if dims.is_empty() {
            "a single".to_owned()
        } else {
            dims.join(" × ")
        };
        format!("{} ({shape} {kind})", self.name)
    }
}

/// The arrays of one group or archive.
#[derive(Debug, Clone)]
pub(super) struct ArrayGroup<H> {
    /// The name of the group; empty for the root.
    pub name: String,
    /// The arrays among its first [`INSPECTED`] members.
    pub arrays: Vec<Array<H>>,
    /// Total number of members.
    pub total: usize,
    pub handle: H,
}

impl<H> ArrayGroup<H> {
    /// Whether the group has one vector per protein.
    fn has_vectors(&self) -> bool {
        let mut widths = self.arrays.iter().map(Array::vector_width);
        // A group that also has subgroups or other objects is not a set of vectors.
        if self.arrays.len() < self.total.min(INSPECTED) {
            return false;
        }
        match widths.next() {
            Some(Some(first)) => widths.all(|width| width == Some(first)),
            _ => false,
        }
    }

    fn describe(&self) -> String {
        let name = if self.name.is_empty() {
            "/"
        } else {
            &self.name
        };
        match self.arrays.first() {
            Some(first) if self.has_vectors() => {
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

/// The arrays that were chosen.
pub(super) enum Choice<H> {
    /// A matrix and, if the file has it, the list of strings that names its rows.
    Matrix(Array<H>, Option<Array<H>>),
    /// A group with one vector per protein.
    Vectors(ArrayGroup<H>),
}

/// Chooses the arrays with the requested names or, without names, the only possible ones.
pub(super) fn choose<H: Clone>(
    path: &Path,
    groups: &[ArrayGroup<H>],
    names: &ArrayNames,
    has_id_list: bool,
) -> Result<Choice<H>, FormatError> {
    let error = |problem: String, remedy| FormatError::Choice {
        path: path.to_owned(),
        problem,
        contents: contents(groups),
        remedy,
    };
    let (group, matrix) = match &names.matrix {
        Some(name) => find_by_name(groups, name).ok_or_else(|| {
            error(
                format!("there are no embeddings named {name:?}"),
                "name one of these arrays as the embeddings",
            )
        })?,
        None => find_only_candidate(groups, has_id_list, &error)?,
    };
    let Some(matrix) = matrix else {
        if names.ids.is_some() || has_id_list {
            return Err(error(
                "each of its embeddings has a name, so a list of accessions is not needed".into(),
                "do not give accessions",
            ));
        }
        return Ok(Choice::Vectors(group.clone()));
    };
    let rows = matrix.dims.first().copied().unwrap_or(0);
    let ids = match &names.ids {
        Some(name) => {
            let (_, ids) = find_by_name(groups, name)
                .filter(|(_, ids)| ids.is_some_and(|ids| ids.is_list_of(rows)))
                .ok_or_else(|| {
                    error(
                        format!("there is no list of {rows} strings named {name:?}"),
                        "name the array of accessions",
                    )
                })?;
            ids
        }
        None if has_id_list => None,
        None => {
            let mut lists = group.arrays.iter().filter(|a| a.is_list_of(rows));
            match (lists.next(), lists.next()) {
                (Some(only), None) => Some(only),
                (None, _) => {
                    return Err(error(
                        format!(
                            "no list of {rows} strings is in the same group as {}",
                            matrix.name
                        ),
                        "give the list of accessions, one per line",
                    ));
                }
                _ => {
                    return Err(error(
                        format!("several lists could name the rows of {}", matrix.name),
                        "name the one with the accessions",
                    ));
                }
            }
        }
    };
    Ok(Choice::Matrix(matrix.clone(), ids.cloned()))
}

type Place<'a, H> = (&'a ArrayGroup<H>, Option<&'a Array<H>>);

/// Finds an array, or a group of vectors, by its name.
fn find_by_name<'a, H>(groups: &'a [ArrayGroup<H>], name: &str) -> Option<Place<'a, H>> {
    let name = name.trim_matches('/');
    let array = groups.iter().find_map(|group| {
        let array = group.arrays.iter().find(|a| a.name == name)?;
        Some((group, Some(array)))
    });
    array.or_else(|| {
        let group = groups.iter().find(|s| s.name == name && s.has_vectors())?;
        Some((group, None))
    })
}

fn find_only_candidate<'a, H>(
    groups: &'a [ArrayGroup<H>],
    has_id_list: bool,
    error: &dyn Fn(String, &'static str) -> FormatError,
) -> Result<Place<'a, H>, FormatError> {
    let mut places: Vec<Place<'a, H>> = Vec::new();
    for group in groups {
        // A single row is ambiguous: with a separate list of accessions it is a matrix, otherwise a
        // vector.
        let row = has_id_list && group.arrays.iter().any(Array::is_matrix);
        if group.has_vectors() && !row {
            places.push((group, None));
        } else {
            let matrices = group.arrays.iter().filter(|a| a.is_matrix());
            places.extend(matrices.map(|matrix| (group, Some(matrix))));
        }
    }
    match places.as_slice() {
        [only] => Ok(*only),
        [] => Err(error(
            "the file has no embeddings".into(),
            "give f16, f32 or f64: one vector per protein, named by its accession, or one matrix",
        )),
        several => {
            let residues = several.len() > 2
                && several.iter().all(|(_, matrix)| {
                    let width = |m: &Array<H>| m.dims[1];
                    matrix
                        .is_some_and(|m| several[0].1.is_some_and(|first| width(m) == width(first)))
                });
            Err(if residues {
                error(
                    "the file has a matrix per protein: these are embeddings of residues".into(),
                    "use the file of embeddings per protein, or average over the residues",
                )
            } else {
                error(
                    format!("{} arrays or groups could be the embeddings", several.len()),
                    "name the one with the embeddings",
                )
            })
        }
    }
}

fn contents<H>(groups: &[ArrayGroup<H>]) -> Vec<String> {
    let mut lines = Vec::new();
    for group in groups {
        if group.has_vectors() {
            lines.push(group.describe());
        } else {
            lines.extend(group.arrays.iter().map(Array::describe));
        }
    }
    if lines.len() > LISTED {
        lines.truncate(LISTED);
        lines.push("…".into());
    }
    lines
}
