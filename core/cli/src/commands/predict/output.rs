//! Writes the predictions: to a file that appears whole or not at all, or to standard output.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read},
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use protea_cafa::{
    ontology::Aspect,
    prediction::UNPREDICTED,
    prediction_evidence::EvidenceReader,
    prediction_formats::{self, FormatOptions, write_formatted},
};
use protea_core::{contracts::PredictResult, store};
use serde_json::json;

use super::{Model, Queries, provenance, source::Source};
use crate::{
    args::{PredictArgs, PredictionAspect, PredictionFormat},
    build_features,
    commands::output_file::{
        Existing, check_distinct, check_output, check_writable, local_input, replace_after,
        unwritable,
    },
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, StandardOutput},
};

/// What was written.
pub(super) struct Written {
    pub(super) formatted: prediction_formats::Written,
}

/// Fails if this build cannot write the format, or a file to write exists and may not be replaced.
/// `is_own` says which may be replaced in any case.
pub(in crate::commands) fn check_vacant(
    args: &PredictArgs,
    is_own: &dyn Fn(&Path) -> bool,
) -> Result<(), Failure> {
    if args.format == PredictionFormat::Parquet {
        check_parquet(args.output.as_deref())?;
    }
    for path in files(args) {
        check_output(&path, Existing::from_force(args.force || is_own(&path)))?;
    }
    check_distinct(&files(args), &inputs(args))?;
    files(args).iter().try_for_each(|path| check_writable(path))
}

/// Fails if a file would be written in place of one of the model or its training set.
pub(in crate::commands) fn check_places(
    args: &PredictArgs,
    source: &Source,
) -> Result<(), Failure> {
    let mut inputs = source.places.clone();
    inputs.push(source.runner.entry().path.clone());
    check_distinct(&files(args), &inputs)
}

/// What the arguments say is read.
fn inputs(args: &PredictArgs) -> Vec<PathBuf> {
    let files = [
        &args.fasta,
        &args.embeddings.embeddings,
        &args.embeddings.ids,
        &args.taxonomy,
        &args.lineages,
        &args.ontology,
        &args.spec.spec,
    ];
    let files = files.into_iter().flatten().cloned();
    let locations = [args.dataset.as_deref(), args.train.as_deref()];
    let locations = locations.into_iter().flatten().filter_map(local_input);
    files
        .filter(|file| file != Path::new("-"))
        .chain(locations)
        .collect()
}

/// The files that are written.
pub(in crate::commands) fn files(args: &PredictArgs) -> Vec<PathBuf> {
    let beside = args.output.as_deref().map(provenance_path);
    let paths = [args.output.clone(), args.unpredicted.clone(), beside];
    paths.into_iter().flatten().collect()
}

/// Fails if the arguments do not fit together: the format cannot hold what is asked for, or predictions
/// and JSON would both go to standard output.
pub(in crate::commands) fn check(args: &PredictArgs, json: bool) -> Result<(), Failure> {
    if json && args.output.is_none() {
        return Err(Failure::new(
            Exit::Usage,
            "--json prints a summary on standard output, where the predictions would go; name a file for them with --output",
        ));
    }
    if args.evidence.is_none() || format(args.format).holds_evidence() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        "this format cannot hold evidence; use --format table or --format json, or leave out --evidence",
    ))
}

/// Fails if this build does not write Parquet, or not to this place.
pub(in crate::commands) fn check_parquet(output: Option<&Path>) -> Result<(), Failure> {
    let message = match output {
        _ if !cfg!(feature = "parquet") => {
            let remedy = build_features::remedy();
            return Err(Failure::new(
                Exit::Usage,
                format!("this build does not write Parquet; {remedy}"),
            ));
        }
        None => "Parquet is not text; name a file for it with --output",
        Some(path) if path.extension().is_some_and(|extension| extension == "gz") => {
            "Parquet is compressed already; give a name without .gz"
        }
        Some(_) => return Ok(()),
    };
    Err(Failure::new(Exit::Usage, message))
}

/// How many terms to ask the runner for; 0 for all.
pub(in crate::commands) fn limit(args: &PredictArgs) -> usize {
    // Filters on this side come before the limit.
    if passes_everything_on(args) {
        args.top
    } else {
        0
    }
}

/// Whether every predicted term is written, so that the runner can apply the limit.
fn passes_everything_on(args: &PredictArgs) -> bool {
    let keeps_roots = matches!(
        args.format,
        PredictionFormat::Tsv
            | PredictionFormat::Kaggle
            | PredictionFormat::Json
            | PredictionFormat::Parquet
    );
    keeps_roots && args.aspects.is_empty() && !args.most_specific
}

/// Writes what the arguments ask for. `before` is called before a file is renamed.
pub(super) fn write(
    args: &PredictArgs,
    (model, queries): (&Model, &Queries),
    predicted: &PredictResult,
    before: &dyn Fn(&Path, &Path) -> io::Result<()>,
    reporter: &Reporter,
) -> Result<Written, Failure> {
    let predictions = store::local_path(&predicted.predictions_uri)?;
    reporter.start("writing predictions");
    let aspects: Vec<Aspect> = args.aspects.iter().copied().map(aspect).collect();
    let taxon = |accession: &str| {
        let frozen = &queries.frozen;
        frozen.index_of(accession).and_then(|row| frozen.taxon(row))
    };
    let now = protea_core::tracking::now().to_zoned(TimeZone::system());
    let date = now.strftime("%Y%m%d").to_string();
    let options = FormatOptions {
        format: format(args.format),
        aspects: &aspects,
        limit: args.top,
        most_specific: args.most_specific,
        method: model.source.runner.name(),
        date: &date,
        taxon: &taxon,
    };
    let read = |path: &Path| {
        let file = Cancellable(File::open(path)?);
        Ok::<_, io::Error>(BufReader::with_capacity(1 << 17, file))
    };
    let unreadable = |error: io::Error| {
        let message = format!("the runner's predictions cannot be read: {error}");
        Failure::new(Exit::Failed, message)
    };
    let lines = read(&predictions).map_err(unreadable)?;
    let evidence = evidence_of(args, model, predicted)?;
    let evidence = evidence
        .map(|path| read(&path))
        .transpose()
        .map_err(unreadable)?
        .map(EvidenceReader::new);
    let formatted = match &args.output {
        None => {
            let mut out = BufWriter::with_capacity(1 << 16, StandardOutput);
            match write_formatted(lines, evidence, &mut out, &queries.ontology, &options) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Err(Failure::report_only(
                        Exit::Ok,
                        super::Report {
                            text: String::new(),
                            json: json!(null),
                        },
                    ));
                }
                written => written.map_err(unwritable(Path::new("standard output")))?,
            }
        }
        Some(path) => {
            let before_output = |written: &Path| before(path, written);
            let formatted = replace_after(path, before_output, |out| {
                write_formatted(lines, evidence, out, &queries.ontology, &options)
            })?;
            let text = format!("{:#}\n", json!(provenance(model, queries)));
            let beside = provenance_path(path);
            let before_beside = |written: &Path| before(&beside, written);
            replace_after(&beside, before_beside, |out| out.write_all(text.as_bytes()))?;
            formatted
        }
    };
    if let (Some(path), Some(directory)) = (&args.unpredicted, predictions.parent()) {
        let list = directory.join(UNPREDICTED);
        let before_list = |written: &Path| before(path, written);
        replace_after(path, before_list, |out| {
            match File::open(&list) {
                Ok(mut list) => io::copy(&mut list, out).map(drop)?,
                // A runner does not have to list them.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            for (accession, reason) in &queries.left_out {
                writeln!(out, "{accession}\t{reason}")?;
            }
            Ok(())
        })?;
    }
    Ok(Written { formatted })
}

/// The file beside the predictions that says where they come from.
fn provenance_path(output: &Path) -> PathBuf {
    let mut path = output.as_os_str().to_owned();
    path.push(".provenance.json");
    path.into()
}

/// The file with the evidence, if it is wanted.
fn evidence_of(
    args: &PredictArgs,
    model: &Model,
    predicted: &PredictResult,
) -> Result<Option<PathBuf>, Failure> {
    match &predicted.evidence_uri {
        _ if args.evidence.is_none() => Ok(None),
        Some(uri) => Ok(Some(store::local_path(uri)?)),
        None => Err(Failure::new(
            Exit::Runner,
            format!(
                "the runner {} does not list contributions to its predictions; leave out --evidence",
                model.source.runner.name()
            ),
        )),
    }
}

/// A file whose reading ends with an error when the user cancels.
struct Cancellable(File);

impl Read for Cancellable {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if interrupt::requested() {
            return Err(io::Error::other("cancelled"));
        }
        self.0.read(bytes)
    }
}

fn format(format: PredictionFormat) -> prediction_formats::PredictionFormat {
    match format {
        PredictionFormat::Table => prediction_formats::PredictionFormat::Table,
        PredictionFormat::Tsv => prediction_formats::PredictionFormat::Tsv,
        PredictionFormat::Kaggle => prediction_formats::PredictionFormat::Kaggle,
        PredictionFormat::Gaf => prediction_formats::PredictionFormat::Gaf,
        PredictionFormat::Json => prediction_formats::PredictionFormat::JsonLines,
        PredictionFormat::Topgo => prediction_formats::PredictionFormat::TopGo,
        #[cfg(feature = "parquet")]
        PredictionFormat::Parquet => prediction_formats::PredictionFormat::Parquet,
        // `check_vacant` refuses it.
        #[cfg(not(feature = "parquet"))]
        PredictionFormat::Parquet => prediction_formats::PredictionFormat::Table,
    }
}

/// The aspect that an argument names.
pub(in crate::commands) fn aspect(aspect: PredictionAspect) -> Aspect {
    match aspect {
        PredictionAspect::Mfo => Aspect::Mfo,
        PredictionAspect::Bpo => Aspect::Bpo,
        PredictionAspect::Cco => Aspect::Cco,
    }
}
