//! How similar the proteins of an evaluation are to the training set.

use protea_cafa::{
    assessment::embedding_rows,
    dataset::FrozenDataset,
    neighbours::{DistanceMetric, Index, Membership, SearchOptions},
};
use protea_core::contracts::error::with_causes;

/// The most products of numbers: a few seconds of one core.
const MOST_PRODUCTS: u64 = 60_000_000_000;

/// For each protein of `eval`, the cosine similarity of its embedding to the nearest one of `train`.
/// `proceed` is asked whether to go on.
///
/// # Errors
///
/// Why it is not known.
pub fn nearest_similarity(
    train: &FrozenDataset,
    eval: &FrozenDataset,
    proceed: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<f64>, String> {
    let (Some(width), Some(other)) = (train.embedding_width(), eval.embedding_width()) else {
        return Err("the datasets have no embeddings".to_owned());
    };
    let source = |dataset: &FrozenDataset| {
        let embedding = dataset.manifest().embedding.as_ref();
        embedding.and_then(|embedding| embedding.declared_source().map(str::to_owned))
    };
    if width != other || source(train) != source(eval) {
        return Err("the embeddings of the two datasets are not from the same model".to_owned());
    }
    let products = (train.len() as u64).saturating_mul(eval.len() as u64);
    if products.saturating_mul(width as u64) > MOST_PRODUCTS {
        return Err(format!(
            "comparing {} with {} proteins would take long",
            eval.len(),
            train.len()
        ));
    }
    let rows = |dataset| embedding_rows(dataset).map_err(|error| with_causes(&error));
    let index = Index::new(width, rows(train)?, Membership::All, DistanceMetric::Cosine)
        .map_err(|error| with_causes(&error))?;
    let found = index
        .search(&rows(eval)?, &SearchOptions::nearest(1), &|_, _| proceed())
        .map_err(|error| with_causes(&error))?;
    Ok((0..eval.len())
        .map(|protein| {
            let nearest = found.list(protein, 0).first();
            nearest.map_or(f64::NAN, |nearest| 1.0 - nearest.distance)
        })
        .collect())
}
