//! Whether the vectors of the proteins are of the kind that the model was trained on.

use protea_cafa::{
    dataset::{EmbeddingInfo, FrozenDataset},
    features::kmer,
};

use super::source::Source;
use crate::{commands::data_needs, exit::Exit, failure::Failure, output::Reporter};

/// Fails if either the proteins or the references have k-mer vectors and the others have vectors of
/// another kind, which have the same width as those of ProtT5. Between others, the runner compares
/// what is stated.
pub(super) fn check_kind_of_vectors(
    source: &Source,
    queries: &FrozenDataset,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let Some(training) = &source.training else {
        return Ok(());
    };
    let (name, training) = (&training.manifest().name, &training.manifest().embedding);
    let (Some(training), Some(queries)) = (training, &queries.manifest().embedding) else {
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

fn is_kmer(info: &EmbeddingInfo) -> bool {
    info.source.as_deref() == Some(kmer::DESCRIPTION)
}

/// The vectors of the training set, if they are k-mer spectra.
pub(super) fn kmers_of_training(source: &Source) -> Option<&EmbeddingInfo> {
    let embedding = source.training.as_ref()?.manifest().embedding.as_ref()?;
    is_kmer(embedding).then_some(embedding)
}
