//! Decides which arrays of a file are the embeddings and which the accessions.

use protea_hdf5::MatrixType;

use super::{EmbeddingOptions, FormatError, OpenOptions, Pool, protein_groups};
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

    pub fn is_list_of(&self, rows: u64) -> bool {
        self.kind == ArrayKind::Text && self.dims == [rows]
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

    /// Whether the group has one vector per protein, or, if they are pooled, one matrix.
    fn has_proteins(&self, pool: Option<Pool>) -> bool {
        // A group that also has subgroups or other objects is not a set of vectors.
        if self.arrays.len() < self.total.min(INSPECTED) {
            return false;
        }
        let mut widths = self.arrays.iter().map(|array| match pool {
            None => array.vector_width(),
            Some(Pool::Mean) => array.residue_width(),
        });
        match widths.next() {
            Some(Some(first)) => widths.all(|width| width == Some(first)),
            _ => false,
        }
    }

    /// Whether the group has one matrix per protein, with a row for each residue.
    fn has_residues(&self) -> bool {
        let arrays = &self.arrays;
        if !self.has_proteins(Some(Pool::Mean)) || self.has_proteins(None) {
            return false;
        }
        let rows = |array: &Array<H>| array.dims.get(array.dims.len().wrapping_sub(2)).copied();
        arrays.len() > 2
            || arrays.iter().any(|array| rows(array) != rows(&arrays[0]))
            || arrays.iter().all(|array| {
                accession::from_word(self.base_name(array)).is_some_and(accession::is_uniprot)
            })
    }

    fn describe(&self) -> String {
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

/// The arrays that were chosen.
pub(super) enum Choice<H> {
    /// A matrix and, if the file has it, the list of strings that names its rows.
    Matrix(Array<H>, Option<Array<H>>),
    /// A group with one vector (or, if they are pooled, one matrix) per protein.
    Vectors(ArrayGroup<H>),
    /// A group with one group per protein. Each of them has the embedding under the names of the
    /// second field.
    ProteinGroups(ArrayGroup<H>, Vec<String>),
    /// All arrays of the file are vectors. Those in groups have names with a slash.
    Tree,
}

/// The problem with a choice, and how to fix it.
pub(super) type Problem = (String, &'static str);

/// Chooses the arrays with the requested names or, without names, the only possible ones.
pub(super) fn choose<H: Clone>(
    groups: &[ArrayGroup<H>],
    options: &OpenOptions<'_>,
) -> Result<Choice<H>, FormatError> {
    let EmbeddingOptions { names, pool } = options.embeddings;
    let error = |(problem, remedy): Problem| FormatError::Choice {
        path: options.path.to_owned(),
        problem,
        contents: contents(groups),
        remedy,
    };
    let place = match &names.matrix {
        Some(name) => find_by_name(groups, name, *pool),
        None => None,
    };
    let place = match (place, &names.matrix) {
        (Some(place), _) => place,
        (None, name) => {
            if let Some((parent, found)) = protein_groups::find(groups) {
                let suffix = protein_groups::choose(&found, options)?;
                return Ok(Choice::ProteinGroups(parent.clone(), suffix));
            }
            if name.is_none() && slash_names(groups) {
                return Ok(Choice::Tree);
            }
            match name {
                Some(name) => {
                    return Err(error((
                        format!("there are no embeddings named {name:?}"),
                        "name one of these arrays as the embeddings",
                    )));
                }
                None => find_only_candidate(groups, options, &error)?,
            }
        }
    };
    let (group, matrix) = place;
    let Some(matrix) = matrix else {
        if names.ids.is_some() || options.has_id_list {
            return Err(error((
                "each of its embeddings has a name, so a list of accessions is not needed".into(),
                "do not give accessions",
            )));
        }
        return Ok(Choice::Vectors(group.clone()));
    };
    let ids = list_for(group, matrix, groups, options).map_err(&error)?;
    if pool.is_some() {
        return Err(error((
            format!(
                "{} has one row per protein, so there is nothing to average",
                matrix.name
            ),
            "do not average the rows",
        )));
    }
    Ok(Choice::Matrix(matrix.clone(), ids.cloned()))
}

/// The list of strings that names the rows of `matrix`; `None` if the accessions come from a
/// separate file.
fn list_for<'a, H: Clone>(
    group: &'a ArrayGroup<H>,
    matrix: &Array<H>,
    groups: &'a [ArrayGroup<H>],
    options: &OpenOptions<'_>,
) -> Result<Option<&'a Array<H>>, Problem> {
    let rows = matrix.dims.first().copied().unwrap_or(0);
    let objects = |array: &Array<H>| {
        (
            format!(
                "{} is an array of pickled Python objects, which is not read",
                array.name
            ),
            "save the accessions as strings: numpy.savez(…, ids=numpy.array(accessions).astype(str))",
        )
    };
    if let Some(name) = &options.embeddings.names.ids {
        let found = find_by_name(groups, name, None).and_then(|(_, ids)| ids);
        return match found {
            Some(ids) if ids.is_list_of(rows) => Ok(Some(ids)),
            Some(ids) if ids.kind == ArrayKind::Objects => Err(objects(ids)),
            _ => Err((
                format!("there is no list of {rows} strings named {name:?}"),
                "name the array of accessions",
            )),
        };
    }
    if options.has_id_list {
        return Ok(None);
    }
    let mut lists = group.arrays.iter().filter(|a| a.is_list_of(rows));
    match (lists.next(), lists.next()) {
        (Some(only), None) => Ok(Some(only)),
        (None, _) => {
            let pickled = group
                .arrays
                .iter()
                .find(|a| a.kind == ArrayKind::Objects && a.dims == [rows]);
            Err(pickled.map_or_else(
                || {
                    (
                        format!(
                            "no list of {rows} strings is in the same group as {}",
                            matrix.name
                        ),
                        "give the list of accessions, one per line; or, if the rows are the \
                         residues of one protein, average them",
                    )
                },
                objects,
            ))
        }
        _ => Err((
            format!("several lists could name the rows of {}", matrix.name),
            "name the one with the accessions",
        )),
    }
}

type Place<'a, H> = (&'a ArrayGroup<H>, Option<&'a Array<H>>);

/// Finds an array, or a group of vectors, by its name.
fn find_by_name<'a, H>(
    groups: &'a [ArrayGroup<H>],
    name: &str,
    pool: Option<Pool>,
) -> Option<Place<'a, H>> {
    let name = name.trim_matches('/');
    let array = groups.iter().find_map(|group| {
        let array = group.arrays.iter().find(|a| a.name == name)?;
        Some((group, Some(array)))
    });
    array.or_else(|| {
        let group = groups
            .iter()
            .find(|s| s.name() == name && s.has_proteins(pool))?;
        Some((group, None))
    })
}

/// Whether every array of the file is a vector of one width and the groups result from names with
/// a slash, as h5py makes them. Layers of a model would have the same names in each group.
fn slash_names<H>(groups: &[ArrayGroup<H>]) -> bool {
    let arrays: Vec<_> = groups
        .iter()
        .flat_map(|group| group.arrays.iter().map(move |array| (group, array)))
        .collect();
    let holders = groups.iter().filter(|g| !g.arrays.is_empty()).count();
    let Some((_, first)) = arrays.first() else {
        return false;
    };
    let mut bases: Vec<_> = arrays.iter().map(|(g, array)| g.base_name(array)).collect();
    bases.sort_unstable();
    bases.dedup();
    holders > 1
        && first.vector_width().is_some()
        && arrays
            .iter()
            .all(|(_, a)| a.vector_width() == first.vector_width() && a.kind == first.kind)
        && (bases.len() == arrays.len()
            || groups
                .iter()
                .any(|g| g.path.is_empty() && !g.arrays.is_empty()))
}

fn find_only_candidate<'a, H>(
    groups: &'a [ArrayGroup<H>],
    options: &OpenOptions<'_>,
    error: &dyn Fn(Problem) -> FormatError,
) -> Result<Place<'a, H>, FormatError> {
    let pool = options.embeddings.pool;
    let mut places: Vec<Place<'a, H>> = Vec::new();
    for group in groups {
        // A single row is ambiguous: with a separate list of accessions it is a matrix, otherwise a
        // vector.
        let row = options.has_id_list && group.arrays.iter().any(Array::is_matrix);
        if group.has_proteins(pool) && !row {
            places.push((group, None));
        } else {
            let matrices = group.arrays.iter().filter(|a| a.is_matrix());
            places.extend(matrices.map(|matrix| (group, Some(matrix))));
        }
    }
    let residues =
        groups.iter().any(ArrayGroup::has_residues) && !(options.has_id_list && places.len() == 1);
    match places.as_slice() {
        _ if residues && places.iter().all(|(_, matrix)| matrix.is_some()) => {
            Err(FormatError::PerResidue {
                path: options.path.to_owned(),
                contents: contents(groups),
            })
        }
        [only] => Ok(*only),
        [] => Err(error(nothing(groups))),
        several => Err(error((
            format!("{} arrays or groups could be the embeddings", several.len()),
            "name the one with the embeddings",
        ))),
    }
}

/// Why no array can be the embeddings.
fn nothing<H>(groups: &[ArrayGroup<H>]) -> Problem {
    let mut arrays = groups.iter().flat_map(|group| &group.arrays);
    if arrays.any(|array| array.kind == ArrayKind::Objects) {
        return (
            "the file has no embeddings but arrays of pickled Python objects, which are not read"
                .into(),
            "save numbers: numpy.savez(…, ids=numpy.array(list(d)).astype(str), \
             vectors=numpy.array(list(d.values()), dtype='float32'))",
        );
    }
    (
        "the file has no embeddings".into(),
        "give f16, f32 or f64: one vector per protein, named by its accession, or one matrix",
    )
}

fn contents<H>(groups: &[ArrayGroup<H>]) -> Vec<String> {
    let mut lines = Vec::new();
    for group in groups {
        if group.has_proteins(None) {
            lines.push(group.describe());
        } else {
            lines.extend(group.arrays.iter().map(Array::describe));
        }
    }
    shortened(lines)
}

/// At most [`LISTED`] lines.
pub(super) fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > LISTED {
        lines.truncate(LISTED);
        lines.push("…".into());
    }
    lines
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
