//! Whether settings and datasets fit together, before the runner computes anything.

use std::{fs, path::Path};

use protea_cafa::{dataset::FrozenDataset, relatives::check_taxa};
use protea_contracts::prelude::*;
use serde_json::Value;

use crate::{
    evidence::needs_evidence,
    spec::{KnnSpec, Vote},
};

/// Checks that the model document at `path` has the settings of its preset.
///
/// Only a host resolves presets. A document that names a preset without its settings would be read
/// with the defaults of the runner, and silently score something else.
///
/// # Errors
///
/// [`RunnerError::Model`] with the settings that are missing.
pub(crate) fn check_resolved(spec: &KnnSpec, path: &Path) -> Result<(), RunnerError> {
    let Some(preset) = spec.preset else {
        return Ok(());
    };
    let doing = || format!("reading {}", path.display());
    let bytes = fs::read(path).or_model(&doing())?;
    let document: Value = serde_json::from_slice(&bytes).or_model(&doing())?;
    let (settings, defaults) = (json!(preset.settings()), json!(KnnSpec::default()));
    let names = settings.as_object().into_iter().flatten();
    let missing: Vec<&str> = names
        .filter(|(name, value)| defaults[name] != **value && document["spec"].get(name).is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(RunnerError::Model {
        message: format!(
            "the spec in {} names the preset {} without its settings {}; let the host resolve the spec, or write all settings of the preset",
            path.display(),
            settings["preset"],
            missing.join(", ")
        ),
    })
}

/// Checks that the references have annotations, and both datasets embeddings of the same kind.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when the references have no annotation, a dataset has no embeddings, the widths differ, or a query's embedding is not
/// finite.
pub(crate) fn check_embeddings(
    references: &FrozenDataset,
    queries: &FrozenDataset,
    emit: &Emitter,
) -> Result<(), RunnerError> {
    check_annotated(references)?;
    let describe = |dataset: &FrozenDataset| {
        let embedding = dataset.manifest().embedding.as_ref();
        embedding
            .map(|embedding| {
                let source = embedding.declared_source().map(str::to_owned);
                (embedding.width, source)
            })
            .ok_or_else(|| RunnerError::Dataset {
                message: format!(
                    "{} has no embeddings; freeze it with `--embeddings E.npy --ids I.txt` or `--features kmer`",
                    dataset.directory().display()
                ),
            })
    };
    let (reference_width, reference_source) = describe(references)?;
    let (query_width, query_source) = describe(queries)?;
    if reference_width != query_width {
        return Err(RunnerError::Dataset {
            message: format!(
                "the embeddings of {} are {query_width} wide, those of the references {} are {reference_width}; freeze both with embeddings from the same model",
                queries.directory().display(),
                references.directory().display()
            ),
        });
    }
    if let (Some(reference_source), Some(query_source)) = (reference_source, query_source)
        && reference_source != query_source
    {
        emit.warning(
            "runner.knn.embedding_source",
            &format!(
                "the embeddings come from different sources ({reference_source:?} and {query_source:?}); their distances are meaningless unless both come from the same model"
            ),
            &json!({}),
        );
    }
    queries
        .check_finite()
        .or_dataset("checking the embeddings to predict for")
}

/// Checks that the references have annotations, without which nothing can be predicted.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when they have none.
pub(crate) fn check_annotated(references: &FrozenDataset) -> Result<(), RunnerError> {
    if references.manifest().counts.annotations > 0 {
        return Ok(());
    }
    Err(RunnerError::Dataset {
        message: format!(
            "the training set {:?} has no annotation; train on a dataset that was frozen with --annotations",
            references.manifest().name
        ),
    })
}

/// Checks that some proteins of a dataset have a sequence, if it has proteins.
///
/// # Errors
///
/// [`RunnerError::Dataset`] with the remedy if none has one.
pub(crate) fn check_sequences(dataset: &FrozenDataset, setting: &str) -> Result<(), RunnerError> {
    let mut proteins = 0..dataset.len();
    if dataset.is_empty() || proteins.any(|protein| dataset.sequence(protein).is_some()) {
        return Ok(());
    }
    Err(RunnerError::Dataset {
        message: format!(
            "{setting} is set, but {} has no sequences; freeze it from a FASTA file with sequences (`--fasta`), or omit {setting}",
            dataset.directory().display()
        ),
    })
}

/// Checks that both datasets have what the signals of a composite score need.
///
/// # Errors
///
/// [`RunnerError::InvalidSpec`] when no signal has a weight; [`RunnerError::Dataset`] with the
/// remedy when a dataset has no sequences, taxa or evidence codes at all.
pub(crate) fn check_signals(
    spec: &KnnSpec,
    references: &FrozenDataset,
    queries: &FrozenDataset,
) -> Result<(), RunnerError> {
    if spec.vote != Vote::Composite {
        return Ok(());
    }
    let weights = &spec.weights;
    if !weights.any() {
        return Err(RunnerError::invalid_spec(
            "/weights",
            "all weights are 0; set at least one above 0",
        ));
    }
    for dataset in [references, queries] {
        if weights.need_sequences() {
            check_sequences(dataset, "weights.identity_nw or weights.identity_sw")?;
        }
        if weights.taxonomic_proximity > 0.0 {
            check_taxa(dataset, "weights.taxonomic_proximity")?;
            dataset.lineages().or_dataset("reading the lineages")?;
        }
    }
    if needs_evidence(spec) {
        let mut annotations = references
            .annotations()
            .or_dataset("reading the references' annotations")?;
        if annotations.all(|row| row.evidence.is_none()) {
            return Err(RunnerError::Dataset {
                message: format!(
                    "the score uses evidence, but the annotations of {} have no evidence codes; freeze it from GAF, or set weights.evidence_weight to 0 and formula to linear",
                    references.directory().display()
                ),
            });
        }
    }
    Ok(())
}
