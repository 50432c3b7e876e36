//! The proteins to predict for, as a frozen dataset.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use protea_cafa::{
    dataset::{EmbeddingInfo, EmbeddingSource, FreezeRequest, FrozenDataset},
    features::kmer,
    ontology::Ontology,
};
use protea_core::Dataset;

use super::model::Model;
use crate::{
    args::{Features, PredictArgs},
    commands::{
        freeze::{freeze_or_cancel, read_embeddings},
        run_setup::dataset,
    },
    exit::Exit,
    failure::Failure,
    output::{Reporter, count},
};

/// The proteins to predict for.
pub(super) struct Queries {
    /// As the runner gets them.
    pub(super) dataset: Dataset,
    /// The same, opened.
    pub(super) frozen: FrozenDataset,
    /// The ontology with the names of the terms.
    pub(super) ontology: Ontology,
}

impl Queries {
    /// Opens the dataset, or freezes one from the files below `scratch`.
    pub(super) fn prepare(
        args: &PredictArgs,
        model: &Model,
        scratch: &Path,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let location = match (&args.dataset, &args.fasta) {
            (Some(location), _) => location.clone(),
            (None, Some(fasta)) => {
                let out = scratch.join("queries");
                freeze(args, fasta, model, scratch, &out, reporter)?;
                out.to_string_lossy().into_owned()
            }
            (None, None) => unreachable!("the command line requires one of them"),
        };
        let dataset = dataset(&location, reporter)?;
        let path = protea_core::store::local_path(&dataset.uri)?;
        let frozen = FrozenDataset::open(&path)?;
        let ontology = match &args.ontology {
            Some(path) => Ontology::read(path)?,
            None => Ontology::read(frozen.ontology_path())?,
        };
        Ok(Self {
            dataset,
            frozen,
            ontology,
        })
    }

    /// What to say when a runner failed and the proteins have no vectors, but those of the training
    /// set have.
    pub(super) fn missing_vectors(&self, model: &Model) -> Option<String> {
        if self.frozen.embedding_width().is_some() {
            return None;
        }
        let training = model.training.as_ref()?.manifest();
        let embedding = training.embedding.as_ref()?;
        let source = embedding.source.as_deref().unwrap_or("source not stated");
        Some(format!(
            "the training set {} has vectors of {} numbers ({source}); give such vectors for the proteins with --embeddings",
            training.name, embedding.width
        ))
    }
}

fn freeze(
    args: &PredictArgs,
    fasta: &Path,
    model: &Model,
    scratch: &Path,
    out: &Path,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let fasta = if fasta == Path::new("-") {
        from_standard_input(scratch)?
    } else {
        fasta.to_owned()
    };
    let ontology = match (&args.ontology, &model.training) {
        (Some(ontology), _) => ontology.clone(),
        (None, Some(training)) => training.ontology_path(),
        (None, None) => {
            return Err(Failure::new(
                Exit::Usage,
                "the training set of this model cannot be found, and its ontology is needed; give one with --ontology",
            ));
        }
    };
    let mut request = FreezeRequest::queries(out, "queries", ontology, fasta);
    match (&args.embeddings.embeddings, args.features) {
        (Some(_), _) => read_embeddings(&mut request, &args.embeddings, None),
        (None, Some(Features::Kmer)) => {
            request.dtype = kmers_of_training(model).map(|training| training.dtype);
            request.embeddings = EmbeddingSource::Kmer;
        }
        (None, None) => {
            if let Some(training) = kmers_of_training(model) {
                reporter
                    .note("computing k-mer vectors from the sequences, as for the training set");
                // Rounding to another type would change the scores.
                request.dtype = Some(training.dtype);
                request.embeddings = EmbeddingSource::Kmer;
            }
        }
    }
    let frozen = freeze_or_cancel(&request, reporter);
    reporter.abandon();
    let frozen = frozen?;
    for matched in &frozen.matched_names {
        reporter.note(&format!(
            "matched {} embeddings by {} ({})",
            count(matched.proteins.count),
            matched.rule,
            matched.proteins.examples.join(", ")
        ));
    }
    let zeros = frozen.zero_embeddings;
    if zeros.count > 0 {
        reporter.warn(&format!(
            "{} embeddings have only zeros ({}); their predictions mean little",
            count(zeros.count),
            zeros.examples.join(", ")
        ));
    }
    let unused = frozen.unused_embeddings;
    if unused.count > 0 {
        reporter.warn(&format!(
            "{} embeddings of proteins that are not in the FASTA file are not used ({})",
            count(unused.count),
            unused.examples.join(", ")
        ));
    }
    Ok(())
}

/// The vectors of the training set, if they are k-mer spectra.
fn kmers_of_training(model: &Model) -> Option<&EmbeddingInfo> {
    let embedding = model.training.as_ref()?.manifest().embedding.as_ref()?;
    (embedding.source.as_deref() == Some(kmer::DESCRIPTION)).then_some(embedding)
}

/// Copies standard input to a file, because a FASTA file is read more than once.
fn from_standard_input(scratch: &Path) -> Result<PathBuf, Failure> {
    let path = scratch.join("standard-input.fasta");
    let copied =
        File::create(&path).and_then(|mut file| io::copy(&mut io::stdin().lock(), &mut file));
    match copied {
        Ok(_) => Ok(path),
        Err(error) => Err(Failure::new(
            Exit::Input,
            format!("cannot read the sequences from standard input: {error}"),
        )),
    }
}
