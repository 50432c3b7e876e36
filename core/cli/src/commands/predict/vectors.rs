//! Whether the vectors of the proteins are of the kind that the model was trained on.

use protea_cafa::{
    dataset::{EmbeddingInfo, FrozenDataset},
    features::kmer,
};

use super::source::Source;
use crate::{commands::data_needs, exit::Exit, failure::Failure, output::Reporter};

/// Fails if the model needs vectors and the proteins, which `called` names, have none or have some of
/// another width; or if either the proteins or the references have k-mer vectors and the others have
/// vectors of another kind, which have the same width as those of ProtT5. Between others, the runner
/// compares what is stated.
pub(super) fn check_vectors(
    source: &Source,
    queries: &FrozenDataset,
    called: &str,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let Some(training) = &source.training else {
        return Ok(());
    };
    let (name, training) = (&training.manifest().name, &training.manifest().embedding);
    let Some(training) = training else {
        return Ok(());
    };
    if !data_needs::needs_embeddings(&source.runner) {
        return Ok(());
    }
    let stated = |info: &EmbeddingInfo| match info.declared_source() {
        Some(source) => format!("their source is {source}"),
        None => "their source is not stated".to_owned(),
    };
    let refused = |message: String| Err(Failure::new(Exit::Input, message));
    let runner = source.runner.name();
    let Some(queries) = &queries.manifest().embedding else {
        return refused(format!(
            "{runner} needs embeddings, and {called} have none; {}",
            vectors_to_give(name, training)
        ));
    };
    match (is_kmer(training), is_kmer(queries)) {
        (true, false) => refused(format!(
            "the training set {name} has k-mer vectors, and the vectors of the proteins are of another kind ({}); leave out --embeddings, so that protea computes k-mer vectors, or freeze the dataset with --features kmer; vectors that are such spectra have the --source {:?}",
            stated(queries),
            kmer::DESCRIPTION
        )),
        (false, true) => refused(format!(
            "the training set {name} has vectors of {} numbers that are not k-mer vectors ({}), and those of the proteins are; give vectors of the same kind with --embeddings",
            training.width,
            stated(training)
        )),
        _ if training.width != queries.width => refused(format!(
            "the vectors of {called} have {} numbers, and those of the training set {name} have {} ({}); give vectors of the same model with --embeddings",
            queries.width,
            training.width,
            stated(training)
        )),
        (false, false)
            if training.declared_source().is_some() && queries.declared_source().is_none() =>
        {
            reporter.note(&format!(
                "the source of the proteins' vectors is not stated and was not compared with that of the training set {name} ({}); state it with --source",
                stated(training)
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Says which vectors the training set has, and how to give such for the proteins.
pub(super) fn vectors_to_give(training: &str, info: &EmbeddingInfo) -> String {
    let source = info.declared_source().unwrap_or("source not stated");
    let remedy = if is_kmer(info) {
        "freeze the dataset of the proteins with --features kmer"
    } else {
        "give such vectors for the proteins with --embeddings"
    };
    let width = info.width;
    format!("the training set {training} has vectors of {width} numbers ({source}); {remedy}")
}

fn is_kmer(info: &EmbeddingInfo) -> bool {
    info.source.as_deref() == Some(kmer::DESCRIPTION)
}

/// The vectors of the training set, if they are k-mer spectra.
pub(super) fn kmers_of_training(source: &Source) -> Option<&EmbeddingInfo> {
    let embedding = source.training.as_ref()?.manifest().embedding.as_ref()?;
    is_kmer(embedding).then_some(embedding)
}

/// Whether the training set has vectors that are not k-mer spectra.
pub(super) fn needs_other_vectors(source: &Source) -> bool {
    let training = source.training.as_ref();
    let embedding = training.and_then(|training| training.manifest().embedding.as_ref());
    embedding.is_some_and(|embedding| !is_kmer(embedding))
}
