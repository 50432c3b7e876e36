//! Finds files with one group per protein, such as FANTASIA's
//! `accession_P12345/type_3/layer_0/embedding` or a directory of the files of ESM.

use std::collections::BTreeMap;

use super::{
    EmbeddingOptions, FormatError, OpenOptions, Pool,
    arrays::{Array, ArrayGroup, Problem, shortened},
};

/// What the names of FANTASIA's groups start with.
pub(super) const FANTASIA_PREFIX: &str = "accession_";

/// The arrays that every inspected protein has, by their names within its group.
pub(super) struct Suffixes(Vec<(Vec<String>, Shape)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Vector(u64),
    Residues(u64),
}

/// Why none of the arrays was chosen.
enum Refusal {
    /// There are only embeddings of residues.
    Residues,
    Other(Problem),
}

fn shape<H>(array: &Array<H>) -> Option<Shape> {
    array
        .vector_width()
        .map(Shape::Vector)
        .or_else(|| array.residue_width().map(Shape::Residues))
}

/// Finds the group whose members stand for proteins: all of them have the same arrays, and there
/// are more proteins than arrays in each.
pub(super) fn find<H>(groups: &[ArrayGroup<H>]) -> Option<(&ArrayGroup<H>, Suffixes)> {
    // Vectors beside the groups are those of other proteins: their names have a slash.
    let parents = groups.iter().filter(|group| {
        let vectors = group
            .arrays
            .iter()
            .any(|array| array.vector_width().is_some());
        group.path.len() <= 2 && !vectors
    });
    parents.into_iter().find_map(|parent| {
        let within = within(groups, &parent.path)?;
        let more_proteins = within.proteins > 1 && within.proteins > within.found.0.len();
        (within.fantasia || more_proteins).then_some((parent, within.found))
    })
}

/// Chooses the embedding in groups of which each is known to be a protein, such as the files of a
/// directory.
pub(super) fn only<H: Clone>(
    groups: &[ArrayGroup<H>],
    options: &OpenOptions<'_>,
) -> Result<Vec<String>, FormatError> {
    let Some(suffixes) = within(groups, &[]) else {
        return Err(FormatError::Choice {
            path: options.path.to_owned(),
            problem: "the proteins have no embedding in common".into(),
            contents: shortened(
                groups
                    .iter()
                    .flat_map(|group| group.arrays.iter().map(Array::describe))
                    .collect(),
            ),
            remedy: "give PyTorch files with the same tensors, one per protein",
        });
    };
    choose(&suffixes.found, options)
}

/// Chooses one of the arrays that every protein has.
pub(super) fn choose(
    found: &Suffixes,
    options: &OpenOptions<'_>,
) -> Result<Vec<String>, FormatError> {
    let EmbeddingOptions { names, pool } = options.embeddings;
    let refusal = |(problem, remedy): Problem| FormatError::Choice {
        path: options.path.to_owned(),
        problem,
        contents: found.describe(),
        remedy,
    };
    match found.choose(names.matrix.as_deref(), *pool) {
        Ok(_) if names.ids.is_some() || options.has_id_list => Err(refusal((
            "each of its embeddings has a name, so a list of accessions is not needed".into(),
            "do not give accessions",
        ))),
        Ok(suffix) => Ok(suffix),
        Err(Refusal::Residues) => Err(FormatError::PerResidue {
            path: options.path.to_owned(),
            contents: found.describe(),
        }),
        Err(Refusal::Other(problem)) => Err(refusal(problem)),
    }
}

/// What the groups in a group have in common.
struct Within {
    found: Suffixes,
    proteins: usize,
    fantasia: bool,
}

fn within<H>(groups: &[ArrayGroup<H>], parent: &[String]) -> Option<Within> {
    let depth = parent.len();
    let mut proteins: BTreeMap<&str, Vec<(Vec<String>, Shape)>> = BTreeMap::new();
    for group in groups {
        let Some(child) = group.path.get(depth) else {
            continue;
        };
        if !group.path.starts_with(parent) {
            continue;
        }
        let named = |matrix: &Array<H>| {
            let rows = matrix.dims.first().copied().unwrap_or(0);
            rows > 1 && group.arrays.iter().any(|list| list.is_list_of(rows))
        };
        // A matrix with a list of names is a set of proteins, not one.
        if group.arrays.iter().any(|a| a.is_matrix() && named(a)) {
            return None;
        }
        let found = proteins.entry(child).or_default();
        for array in &group.arrays {
            if let Some(shape) = shape(array) {
                let mut suffix = group.path[depth + 1..].to_vec();
                suffix.push(group.base_name(array).to_owned());
                found.push((suffix, shape));
            }
        }
    }
    let of_fantasia = |name: &&str| name.starts_with(FANTASIA_PREFIX);
    let fantasia = !proteins.is_empty() && proteins.keys().all(of_fantasia);
    let mut all = proteins.values();
    let mut suffixes = all.next()?.clone();
    suffixes.retain(|(suffix, shape)| {
        all.clone().all(|protein| {
            protein
                .iter()
                .any(|(other, found)| other == suffix && is_like(*found, *shape))
        })
    });
    // One residue makes a matrix look like a vector.
    for protein in proteins.values() {
        for (suffix, shape) in &mut suffixes {
            if let Some((_, found @ Shape::Residues(_))) =
                protein.iter().find(|(other, _)| other == suffix)
            {
                *shape = *found;
            }
        }
    }
    (!suffixes.is_empty()).then_some(Within {
        proteins: proteins.len(),
        found: Suffixes(suffixes),
        fantasia,
    })
}

fn is_like(one: Shape, other: Shape) -> bool {
    let (Shape::Vector(a) | Shape::Residues(a), Shape::Vector(b) | Shape::Residues(b)) =
        (one, other);
    a == b
}

impl Suffixes {
    /// Chooses the array with this name, or the only possible one. A name may omit parts at its
    /// start and end: `layer_0` for `type_3/layer_0/embedding`.
    fn choose(&self, name: Option<&str>, pool: Option<Pool>) -> Result<Vec<String>, Refusal> {
        let named = self.0.iter().filter(|(suffix, _)| {
            name.is_none_or(|name| {
                let parts: Vec<&str> = name.trim_matches('/').split('/').collect();
                suffix.windows(parts.len()).any(|window| window == parts)
            })
        });
        let (residues, vectors): (Vec<_>, Vec<_>) =
            named.partition(|(_, shape)| matches!(shape, Shape::Residues(_)));
        let candidates = match pool {
            Some(Pool::Mean) if !residues.is_empty() => residues,
            None if vectors.is_empty() && !residues.is_empty() => return Err(Refusal::Residues),
            _ => vectors,
        };
        match candidates.as_slice() {
            [(suffix, _)] => Ok(suffix.clone()),
            [] => Err(Refusal::Other((
                format!(
                    "no protein has an embedding named {:?}",
                    name.unwrap_or_default()
                ),
                "name one of these arrays as the embeddings",
            ))),
            several => Err(Refusal::Other((
                format!("each protein has {} embeddings", several.len()),
                "name the one to read",
            ))),
        }
    }

    /// Lists the arrays of each protein for a message.
    fn describe(&self) -> Vec<String> {
        let arrays = self.0.iter().map(|(suffix, shape)| {
            let shape = match shape {
                Shape::Vector(width) => format!("{width} numbers"),
                Shape::Residues(width) => format!("residues × {width}"),
            };
            format!("{} ({shape})", suffix.join("/"))
        });
        shortened(arrays.collect())
    }
}
