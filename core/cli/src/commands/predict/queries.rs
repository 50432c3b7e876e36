//! The proteins to predict for, as a frozen dataset.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use protea_cafa::{
    dataset::{DatasetError, EmbeddingSource, FreezeRequest, FrozenDataset},
    formats::{FormatError, OnDefect},
    ontology::Ontology,
};
use protea_core::{Dataset, contracts::PredictionCounts};

use super::{
    file_kind::check_kind,
    source::Source,
    vectors::{check_vectors, kmers_of_training, needs_other_vectors, vectors_to_give},
};
use crate::{
    args::{Features, PredictArgs},
    commands::{
        data_needs,
        freeze::{freeze_or_cancel, read_embeddings},
        run_setup::{dataset_called, fail_if_cancelled, location_of},
    },
    exit::Exit,
    failure::{Failure, STANDARD_INPUT},
    output::{Reporter, count, display_path},
};

/// The proteins to predict for.
pub(in crate::commands) struct Queries {
    /// As the runner gets them.
    pub(in crate::commands) dataset: Dataset,
    /// The same, opened.
    pub(in crate::commands) frozen: FrozenDataset,
    /// The ontology with the names of the terms.
    pub(in crate::commands) ontology: Ontology,
    /// The proteins of the FASTA file that are not in the dataset, because there is no vector for
    /// them, each with the reason.
    pub(in crate::commands) left_out: Vec<(String, String)>,
}

impl Queries {
    /// Opens the dataset, or freezes one from the files below `scratch`.
    pub(in crate::commands) fn prepare(
        args: &PredictArgs,
        source: &Source,
        scratch: &Path,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        check_kind(args)?;
        let mut left_out = Vec::new();
        let location = match (&args.dataset, &args.fasta) {
            (Some(location), _) => location.clone(),
            (None, Some(fasta)) => {
                let out = scratch.join("queries");
                left_out = freeze(args, fasta, source, scratch, &out, reporter)?;
                out.to_string_lossy().into_owned()
            }
            (None, None) => unreachable!("the command line requires one of them"),
        };
        let queries = Self::located(args, source, &location, reporter)?;
        Ok(queries.with_left_out(left_out))
    }

    /// The same, of a file with these proteins that are not in the dataset.
    pub(in crate::commands) fn with_left_out(self, left_out: Vec<(String, String)>) -> Self {
        Self { left_out, ..self }
    }

    /// Opens the dataset in a directory.
    pub(in crate::commands) fn open(
        args: &PredictArgs,
        source: &Source,
        directory: &Path,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        Self::located(args, source, &location_of(directory), reporter)
    }

    fn located(
        args: &PredictArgs,
        source: &Source,
        location: &str,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let name = match args.fasta {
            // The place of the new proteins is a temporary directory.
            Some(_) => "the proteins",
            None => location,
        };
        let dataset = dataset_called(location, name, reporter)?;
        let path = protea_core::store::local_path(&dataset.uri)?;
        let frozen = FrozenDataset::open(&path)?;
        let ontology = match &args.ontology {
            Some(path) => Ontology::read(path)?,
            None => Ontology::read(frozen.ontology_path())?,
        };
        let called = match args.fasta {
            Some(_) => name.to_owned(),
            None => format!("the proteins of {name}"),
        };
        check_vectors(source, &frozen, &called, reporter)?;
        warn_of_other_ontology(source, &frozen, args, &ontology, reporter)?;
        note_missing_lineages(source, &frozen, reporter)?;
        Ok(Self {
            dataset,
            frozen,
            ontology,
            left_out: Vec::new(),
        })
    }

    /// What to say when a runner failed and the proteins have no vectors or no taxa, but those of the
    /// training set have.
    pub(in crate::commands) fn missing(&self, source: &Source) -> Option<String> {
        let training = source.training.as_ref()?;
        self.missing_vectors(training)
            .or_else(|| self.missing_taxa(training))
    }

    /// Adds the proteins that are not in the dataset to what a runner counted.
    pub(in crate::commands) fn count_left_out(&self, counts: &mut PredictionCounts) {
        counts.proteins += self.left_out.len() as u64;
        for (_, reason) in &self.left_out {
            *counts.unpredicted.entry(reason.clone()).or_default() += 1;
        }
    }

    fn missing_taxa(&self, training: &FrozenDataset) -> Option<String> {
        let has_taxa = |dataset: &FrozenDataset| dataset.manifest().counts.taxa > 0;
        if has_taxa(&self.frozen) || !has_taxa(training) {
            return None;
        }
        Some(format!(
            "the proteins of the training set {} have taxa, and the new ones have none; give them with --taxonomy, or as OX= in the headers of the FASTA file",
            training.manifest().name
        ))
    }

    fn missing_vectors(&self, training: &FrozenDataset) -> Option<String> {
        if self.frozen.embedding_width().is_some() {
            return None;
        }
        let training = training.manifest();
        let embedding = training.embedding.as_ref()?;
        Some(vectors_to_give(&training.name, embedding))
    }
}

fn freeze(
    args: &PredictArgs,
    fasta: &Path,
    source: &Source,
    scratch: &Path,
    out: &Path,
    reporter: &Reporter,
) -> Result<Vec<(String, String)>, Failure> {
    let is_standard_input = fasta == Path::new("-");
    let fasta = if is_standard_input {
        from_standard_input(scratch)?
    } else {
        fasta.to_owned()
    };
    let ontology = match (&args.ontology, &source.training, &source.ontology) {
        (Some(ontology), _, _) => ontology.clone(),
        (None, Some(training), _) => training.ontology_path(),
        (None, None, Some(ontology)) => ontology.clone(),
        (None, None, None) => {
            let place = source.training_place.as_deref();
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "the training set of this model{} is missing or has changed, and its ontology is needed; restore it, or give an ontology with --ontology",
                    place.map(|place| format!(", {place},")).unwrap_or_default()
                ),
            ));
        }
    };
    let mut request = FreezeRequest::queries(out, "queries", ontology, &fasta);
    request.taxonomy.clone_from(&args.taxonomy);
    request.lineages.clone_from(&args.lineages);
    if data_needs::needs_embeddings(&source.runner) {
        // Such a protein is listed with the reason, and the others are predicted for.
        request.on_missing_embedding = OnDefect::Skip;
    }
    match (&args.embeddings.embeddings, args.features) {
        (Some(_), _) => read_embeddings(&mut request, &args.embeddings, args.source.clone()),
        (None, Some(Features::Kmer)) => {
            request.dtype = kmers_of_training(source).map(|training| training.dtype);
            request.embeddings = EmbeddingSource::Kmer;
        }
        (None, None) => {
            if let Some(training) = kmers_of_training(source) {
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
    let frozen = frozen.map_err(|error| match error {
        DatasetError::Input(error) if is_standard_input => of_standard_input(error, &fasta).into(),
        // k-mer vectors are of no use for this model.
        DatasetError::MissingEmbeddings {
            ref ids_path,
            are_numbered: false,
            ..
        } if needs_other_vectors(source) => {
            Failure::from_error(Exit::Input, &error).with_remedy(format!(
                "`protea dataset inspect {}` shows what the file is",
                display_path(ids_path)
            ))
        }
        error => Failure::from(error),
    })?;
    for matched in &frozen.matched_names {
        reporter.note(&format!(
            "matched {} embeddings by {} ({})",
            count(matched.proteins.count),
            matched.rule,
            matched.proteins.examples.join(", ")
        ));
    }
    let zeros = frozen.zero_embeddings;
    // k-mer vectors are computed also for a method that does not use them.
    let are_used = args.embeddings.embeddings.is_some() || args.features.is_some();
    if zeros.count > 0 && (are_used || data_needs::needs_embeddings(&source.runner)) {
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
    let left_out = frozen.without_embedding.into_iter();
    Ok(left_out
        .map(|protein| (protein.accession, protein.reason.text().to_owned()))
        .collect())
}

/// Warns if the terms are named by another version of the ontology than the model was trained with.
fn warn_of_other_ontology(
    source: &Source,
    queries: &FrozenDataset,
    args: &PredictArgs,
    ontology: &Ontology,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let Some(training) = &source.training else {
        return Ok(());
    };
    let digest = |dataset: &FrozenDataset| {
        let path = dataset.ontology_path();
        let name = path.file_name()?.to_str()?.to_owned();
        Some(dataset.manifest().file(&name)?.sha256)
    };
    if args.ontology.is_none() && digest(training) == digest(queries) {
        return Ok(());
    }
    let of_model = Ontology::read(training.ontology_path())?;
    let lost: Vec<&str> = of_model
        .terms()
        .map(|term| of_model.id(term))
        .filter(|id| ontology.primary(id).is_none())
        .collect();
    let new = ontology.terms().map(|term| ontology.id(term));
    let new = new.filter(|id| of_model.primary(id).is_none()).count();
    if lost.is_empty() && new == 0 && of_model.version() == ontology.version() {
        return Ok(());
    }
    let version = |ontology: &Ontology| {
        let version = ontology.version().unwrap_or("without a version");
        version.to_owned()
    };
    let mut text = format!(
        "the model was trained with the ontology {}, and terms are named by {}",
        version(&of_model),
        version(ontology)
    );
    if !lost.is_empty() {
        let examples: Vec<&str> = lost.iter().take(3).copied().collect();
        text += &format!(
            "; terms of it that are obsolete or missing there: {} ({})",
            count(lost.len() as u64),
            examples.join(", ")
        );
    }
    if new > 0 {
        text += &format!(
            "; terms that are new there and cannot be predicted: {}",
            count(new as u64)
        );
    }
    reporter.warn(&text);
    Ok(())
}

/// Says which taxa have no lineage, if those of the training set have lineages.
fn note_missing_lineages(
    source: &Source,
    queries: &FrozenDataset,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let Some(training) = &source.training else {
        return Ok(());
    };
    let Some(known) = training.lineages()? else {
        return Ok(());
    };
    let own = queries.lineages()?;
    let has_lineage = |taxon: &u32| {
        known.current(*taxon).is_ok() || own.is_some_and(|own| own.current(*taxon).is_ok())
    };
    let taxa: BTreeSet<u32> = (0..queries.len())
        .filter_map(|protein| queries.taxon(protein))
        .filter(|taxon| !has_lineage(taxon))
        .collect();
    if !taxa.is_empty() {
        let examples: Vec<String> = taxa.iter().take(3).map(u32::to_string).collect();
        reporter.note(&format!(
            "{} taxa of the proteins have no lineage in the training set ({}); if the model uses lineages, give these with --lineages",
            count(taxa.len() as u64),
            examples.join(", ")
        ));
    }
    Ok(())
}

/// Names standard input in an error about its copy, which is removed.
fn of_standard_input(mut error: FormatError, copy: &Path) -> FormatError {
    if let FormatError::Read { path, .. }
    | FormatError::Foreign { path, .. }
    | FormatError::Malformed { path, .. }
    | FormatError::Duplicate { path, .. }
    | FormatError::Empty { path, .. }
    | FormatError::NoUsableRow { path, .. }
    | FormatError::NotBuilt { path, .. } = &mut error
        && path == copy
    {
        *path = STANDARD_INPUT.into();
    }
    error
}

/// How often to check whether the user cancels while standard input gives nothing.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// Copies standard input to a file, because a FASTA file is read more than once.
fn from_standard_input(scratch: &Path) -> Result<PathBuf, Failure> {
    let path = scratch.join("standard-input.fasta");
    let file = path.clone();
    let (send, copied) = mpsc::channel();
    // In a separate thread, because reading from a pipe cannot be ended. It ends with the process.
    let reading = thread::Builder::new().name("standard input".to_owned());
    let started = reading.spawn(move || {
        let copied =
            File::create(&file).and_then(|mut file| io::copy(&mut io::stdin().lock(), &mut file));
        let _ = send.send(copied);
    });
    let unreadable = |error: io::Error| {
        let message = format!("cannot read the sequences from standard input: {error}");
        Failure::new(Exit::Input, message)
    };
    started.map_err(unreadable)?;
    loop {
        fail_if_cancelled()?;
        match copied.recv_timeout(CHECK_EVERY) {
            Ok(copied) => return copied.map(|_| path).map_err(unreadable),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(unreadable(io::Error::other(
                    "the thread that reads it ended",
                )));
            }
        }
    }
}
