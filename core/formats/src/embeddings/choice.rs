//! Decides which arrays of a file are the embeddings and which the accessions.

use super::{
    EmbeddingOptions, FormatError, OpenOptions, Pool,
    arrays::{Array, ArrayGroup, ArrayKind, Problem, shortened},
    protein_groups,
};

/// The arrays that were chosen.
pub(super) enum Choice<H> {
    /// A matrix and, if the file has it, the list of strings that names its rows.
    Matrix(Array<H>, Option<Array<H>>),
    /// A group with one vector (or, if they are pooled, one matrix) per protein, and the names of the
    /// single values beside them, which are left out.
    Vectors(ArrayGroup<H>, Vec<String>),
    /// A group with one group per protein. Each of them has the embedding under the names of the
    /// second field.
    ProteinGroups(ArrayGroup<H>, Vec<String>),
    /// All arrays of the file are vectors. Those in groups have names with a slash.
    Tree,
}

/// Chooses the arrays with the requested names or, without names, the only possible ones.
pub(super) fn choose<H: Clone + PartialEq>(
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
        if names.ids.is_some() || (options.has_id_list && !group.is_numbered()) {
            return Err(error((
                "each of its embeddings has a name, so a list of accessions is not needed".into(),
                "do not give accessions",
            )));
        }
        let mut group = group.clone();
        let left_out = group.take_single_values();
        return Ok(Choice::Vectors(group, left_out));
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
    let lists: Vec<_> = group.arrays.iter().filter(|a| a.is_list_of(rows)).collect();
    // AnnData has the names of its matrix X in a group of their own.
    let lists = if lists.is_empty() {
        let all = groups.iter().flat_map(|group| &group.arrays);
        all.filter(|a| a.is_list_of(rows)).collect()
    } else {
        lists
    };
    match lists.as_slice() {
        [only] => Ok(Some(*only)),
        [] if names_columns(matrix, groups) => Err((
            format!(
                "{} has {} rows, but the names are those of its {} columns: it is transposed",
                matrix.describe(),
                rows,
                matrix.dims.get(1).copied().unwrap_or(0)
            ),
            "save it with one row per protein: matrix.T",
        )),
        [] => {
            let pickled = group
                .arrays
                .iter()
                .find(|a| a.kind == ArrayKind::Objects && a.dims == [rows]);
            Err(pickled.map_or_else(
                || {
                    (
                        format!(
                            "the file has no list of {rows} strings for the rows of {}",
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

/// Whether the only names of the file are those of the columns of `matrix`.
fn names_columns<H>(matrix: &Array<H>, groups: &[ArrayGroup<H>]) -> bool {
    let columns = matrix.dims.get(1).copied().unwrap_or(0);
    groups
        .iter()
        .flat_map(|group| &group.arrays)
        .any(|array| array.is_list_of(columns))
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

fn find_only_candidate<'a, H: PartialEq>(
    groups: &'a [ArrayGroup<H>],
    options: &OpenOptions<'_>,
    error: &dyn Fn(Problem) -> FormatError,
) -> Result<Place<'a, H>, FormatError> {
    let pool = options.embeddings.pool;
    let mut places: Vec<Place<'a, H>> = Vec::new();
    for group in groups {
        // A single row is ambiguous: with a separate list of accessions it is a matrix, otherwise a
        // vector.
        let several = group.arrays.len() > 1 && group.is_numbered();
        let row = options.has_id_list && !several && group.arrays.iter().any(Array::is_matrix);
        if group.has_proteins(pool) && !row {
            places.push((group, None));
        } else {
            let matrices = group.arrays.iter().filter(|a| a.is_matrix());
            places.extend(matrices.map(|matrix| (group, Some(matrix))));
        }
    }
    // A soft link gives an array a second name.
    let mut distinct: Vec<Place<'a, H>> = Vec::new();
    for place in places {
        let is_same = |other: &Place<'a, H>| match (place.1, other.1) {
            (Some(one), Some(other)) => one.handle == other.handle,
            _ => false,
        };
        if !distinct.iter().any(is_same) {
            distinct.push(place);
        }
    }
    let places = distinct;
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
    if let Some(problem) = groups.iter().find_map(odd_member) {
        return (
            problem,
            "give vectors of one width and one type, one per protein, and put other data into \
             another group",
        );
    }
    if let Some(problem) = unsupported(groups) {
        return problem;
    }
    (
        "the file has no embeddings".into(),
        "give f16, f32 or f64: one vector per protein, named by its accession, or one matrix",
    )
}

/// What is wrong with arrays that may be embeddings but have another shape or type.
fn unsupported<H>(groups: &[ArrayGroup<H>]) -> Option<Problem> {
    let arrays = || groups.iter().flat_map(|group| &group.arrays);
    let is_cube =
        |array: &&Array<H>| matches!(array.kind, ArrayKind::Float(_)) && array.dims.len() == 3;
    if let Some(array) = arrays().find(is_cube) {
        return Some((
            format!(
                "the file has no embeddings: {} has three dimensions",
                array.describe()
            ),
            "save one row per protein: array.squeeze(1) if the second dimension is 1, array.mean(1) if \
             it is that of the residues",
        ));
    }
    let other = |word: &str| {
        arrays().find(|array| matches!(&array.kind, ArrayKind::Other(kind) if kind.contains(word)))
    };
    if let Some(array) = other("compound") {
        return Some((
            format!(
                "the file has no embeddings: {} is a table, and its fields are not read",
                array.describe()
            ),
            "save its fields as datasets of their own: file['ids'] = table['id'], \
             file['vectors'] = table['vector']",
        ));
    }
    other("integer").map(|array| {
        (
            format!(
                "the file has no embeddings: {} is not of floating-point numbers",
                array.describe()
            ),
            "save the numbers as floats: array.astype('float32'); if the integers are the bits of \
             bfloat16, convert the tensor before: tensor.float().numpy()",
        )
    })
}

/// What is wrong with a group of which most, but not all, arrays are vectors of one width.
fn odd_member<H>(group: &ArrayGroup<H>) -> Option<String> {
    let vectors = group.arrays.iter().filter(|a| a.vector_width().is_some());
    let common = vectors.clone().find(|candidate| {
        let alike = vectors.clone().filter(|a| a.shape() == candidate.shape());
        2 * alike.count() > group.arrays.len()
    })?;
    let odd = group.arrays.iter().find(|a| a.shape() != common.shape())?;
    Some(format!(
        "{} is not a vector like the others ({})",
        odd.describe(),
        common.describe()
    ))
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
