//! Which of the arrays of a file are the embeddings, and which their accessions.

use std::path::Path;

use protea_hdf5::MatrixType;

use super::{ArrayNames, FormatError};

/// Arrays listed in a message.
const LISTED: usize = 20;
/// Members of a group that are looked at before it is decided what is in it.
pub(super) const LOOKED_AT: usize = 64;

/// An array of a file.
#[derive(Debug, Clone)]
pub(super) struct Array<H> {
    /// Its name, with the groups it is in: `emb/vectors`.
    pub name: String,
    pub dims: Vec<u64>,
    pub kind: ArrayKind,
    /// How the file finds it.
    pub handle: H,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArrayKind {
    Float(MatrixType),
    Text,
    /// In words.
    Other(String),
}

impl<H> Array<H> {
    /// One vector: one dimension, or one row.
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

    fn shown(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(u64::to_string).collect();
        let kind = match &self.kind {
            ArrayKind::Float(dtype) => dtype.name(),
            ArrayKind::Text => "text",
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

/// The arrays that stand beside each other: those of a group, or of an archive.
#[derive(Debug, Clone)]
pub(super) struct Shelf<H> {
    /// Its name; empty for the outermost.
    pub name: String,
    /// The first of its arrays; all of them if there are no more.
    pub arrays: Vec<Array<H>>,
    /// How many there are.
    pub total: usize,
    pub handle: H,
}

impl<H> Shelf<H> {
    /// Whether it has one vector per protein.
    fn has_vectors(&self) -> bool {
        let mut widths = self.arrays.iter().map(Array::vector_width);
        // Groups and what else is no array stands beside them.
        if self.arrays.len() < self.total.min(LOOKED_AT) {
            return false;
        }
        match widths.next() {
            Some(Some(first)) => widths.all(|width| width == Some(first)),
            _ => false,
        }
    }

    fn shown(&self) -> String {
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
                    first.shown()
                )
            }
            _ => format!("{name} ({} members)", self.total),
        }
    }
}

/// What was decided.
pub(super) enum Choice<H> {
    /// A matrix, and the texts that name its rows.
    Matrix(Array<H>, Option<Array<H>>),
    /// One vector per protein, all in one place.
    Vectors(Shelf<H>),
}

/// Decides, by the names asked for or by what there is.
pub(super) fn choose<H: Clone>(
    path: &Path,
    shelves: &[Shelf<H>],
    names: &ArrayNames,
    ids_given: bool,
) -> Result<Choice<H>, FormatError> {
    let undecided = |problem: String, remedy| FormatError::Choice {
        path: path.to_owned(),
        problem,
        contents: contents(shelves),
        remedy,
    };
    let (shelf, matrix) = match &names.matrix {
        Some(name) => named(shelves, name).ok_or_else(|| {
            undecided(
                format!("there are no embeddings called {name:?}"),
                "give one of these names for the embeddings",
            )
        })?,
        None => found(shelves, ids_given, &undecided)?,
    };
    let Some(matrix) = matrix else {
        if names.ids.is_some() || ids_given {
            return Err(undecided(
                "its embeddings have a name each, and do not need a list of accessions".into(),
                "do not give accessions",
            ));
        }
        return Ok(Choice::Vectors(shelf.clone()));
    };
    let rows = matrix.dims.first().copied().unwrap_or(0);
    let ids = match &names.ids {
        Some(name) => {
            let (_, ids) = named(shelves, name)
                .filter(|(_, ids)| ids.is_some_and(|ids| ids.is_list_of(rows)))
                .ok_or_else(|| {
                    undecided(
                        format!("there are no {rows} texts called {name:?}"),
                        "give the name of the list of accessions",
                    )
                })?;
            ids
        }
        None if ids_given => None,
        None => {
            let mut lists = shelf.arrays.iter().filter(|a| a.is_list_of(rows));
            match (lists.next(), lists.next()) {
                (Some(only), None) => Some(only),
                (None, _) => {
                    return Err(undecided(
                        format!(
                            "no list of texts beside {} names its {rows} rows",
                            matrix.name
                        ),
                        "give the list of accessions, one per line",
                    ));
                }
                _ => {
                    return Err(undecided(
                        format!("several lists could name the rows of {}", matrix.name),
                        "give the name of the one with the accessions",
                    ));
                }
            }
        }
    };
    Ok(Choice::Matrix(matrix.clone(), ids.cloned()))
}

type Place<'a, H> = (&'a Shelf<H>, Option<&'a Array<H>>);

/// What is called so: an array, or a shelf of vectors.
fn named<'a, H>(shelves: &'a [Shelf<H>], name: &str) -> Option<Place<'a, H>> {
    let name = name.trim_matches('/');
    let array = shelves.iter().find_map(|shelf| {
        let array = shelf.arrays.iter().find(|a| a.name == name)?;
        Some((shelf, Some(array)))
    });
    array.or_else(|| {
        let shelf = shelves.iter().find(|s| s.name == name && s.has_vectors())?;
        Some((shelf, None))
    })
}

fn found<'a, H>(
    shelves: &'a [Shelf<H>],
    ids_given: bool,
    undecided: &dyn Fn(String, &'static str) -> FormatError,
) -> Result<Place<'a, H>, FormatError> {
    let mut places: Vec<Place<'a, H>> = Vec::new();
    for shelf in shelves {
        // A single row may be either; a list of accessions beside it says which.
        let row = ids_given && shelf.arrays.iter().any(Array::is_matrix);
        if shelf.has_vectors() && !row {
            places.push((shelf, None));
        } else {
            let matrices = shelf.arrays.iter().filter(|a| a.is_matrix());
            places.extend(matrices.map(|matrix| (shelf, Some(matrix))));
        }
    }
    match places.as_slice() {
        [only] => Ok(*only),
        [] => Err(undecided(
            "there are no embeddings in it".into(),
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
                undecided(
                    "it has a matrix per protein: these are embeddings of residues".into(),
                    "take the file of embeddings per protein, or average over the residues",
                )
            } else {
                undecided(
                    format!("{} things in it could be the embeddings", several.len()),
                    "give the name of the one with the embeddings",
                )
            })
        }
    }
}

fn contents<H>(shelves: &[Shelf<H>]) -> Vec<String> {
    let mut lines = Vec::new();
    for shelf in shelves {
        if shelf.has_vectors() {
            lines.push(shelf.shown());
        } else {
            lines.extend(shelf.arrays.iter().map(Array::shown));
        }
    }
    if lines.len() > LISTED {
        lines.truncate(LISTED);
        lines.push("…".into());
    }
    lines
}
