//! `protea lafa`: the entry point of a container for LAFA.
//!
//! It freezes the training data in a temporary directory and predicts with the code of
//! `protea predict RUNNER --train`.

mod inputs;
mod output;

use std::{ffi::OsString, path::Path, time::Instant};

use clap::Parser;
use protea_cafa::{
    dataset::{EmbeddingSource, FreezeReport, FreezeRequest, Tally},
    formats::OnDefect,
};
use serde_json::json;

use self::{inputs::Inputs, output::Written};
use super::{
    freeze::{examples, freeze_or_cancel},
    output_file::{Existing, check_output},
    predict::predict,
    run_setup::{fail_if_cancelled, trusted},
};
use crate::{
    args::{Cli, Command, LafaArgs, LafaMethod, PredictArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, count, display_path},
    scratch::scratch_directory,
};

/// Fits, predicts and writes the predictions.
pub fn lafa(args: &LafaArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let started = Instant::now();
    interrupt::cooperate(reporter);
    check_output(&args.output_file, Existing::Replace)?;
    let (runner, _) = args.method.runner();
    trusted(&args.runners, &args.lock)?.find(runner)?;
    let inputs = Inputs::check(args, reporter)?;
    let scratch = scratch_directory("protea-lafa-")?;

    let train = scratch.path().join("train");
    let frozen = freeze(args, &train, reporter)?;
    let predictions = scratch.path().join("predictions.tsv");
    let predicted = predict(
        &prediction(args, &train, &predictions, scratch.path())?,
        true,
        reporter,
    )?;
    fail_if_cancelled()?;
    reporter.start("writing predictions");
    let written = output::write(&predictions, &args.output_file, &inputs, scratch.path());
    reporter.abandon();
    let written = written?;
    if written.proteins < inputs.queries.len() as u64 {
        reporter.warn(&format!(
            "{} of {} queries have no prediction",
            count(inputs.queries.len() as u64 - written.proteins),
            count(inputs.queries.len() as u64)
        ));
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Report {
        text: text(args, &inputs, &frozen, &written, seconds),
        json: json!({
            "output": args.output_file.to_string_lossy(),
            "queries": inputs.queries.len(),
            "predicted": written.proteins,
            "predictions": written.predictions,
            "train": frozen.manifest.counts,
            "provenance": predicted.json["provenance"],
            "seconds": seconds,
        }),
    })
}

impl LafaMethod {
    /// The runner, and its setting `method`.
    fn runner(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Knn => ("knn", None),
            Self::Diamond => ("baseline", Some("diamond")),
            Self::Blast => ("baseline", Some("blast")),
            Self::Mmseqs => ("baseline", Some("mmseqs")),
            Self::Naive => ("baseline", Some("naive")),
        }
    }

    /// The programs that it calls.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Knn | Self::Naive => &[],
            Self::Diamond => &["diamond"],
            Self::Blast => &["makeblastdb", "blastp"],
            Self::Mmseqs => &["mmseqs"],
        }
    }
}

/// Freezes the training data, and tells what was left out.
fn freeze(args: &LafaArgs, out: &Path, reporter: &Reporter) -> Result<FreezeReport, Failure> {
    let mut request = FreezeRequest::new(
        out,
        "lafa-train",
        &args.graph,
        &args.train_sequences,
        &args.annot_file,
    );
    // A damaged row of a large file must not prevent the predictions.
    request.on_defect = OnDefect::Skip;
    if args.method == LafaMethod::Knn {
        request.embeddings = EmbeddingSource::Kmer;
    }
    let frozen = freeze_or_cancel(&request, reporter);
    reporter.abandon();
    let frozen = frozen?;
    for (tally, what) in [
        (
            &frozen.unknown_terms,
            "annotations with terms that are obsolete or not in the ontology are not used",
        ),
        (
            &frozen.damaged_rows,
            "damaged rows of annotations are not used",
        ),
        (
            &frozen.damaged_proteins,
            "damaged training sequences are not used",
        ),
    ] {
        warn(reporter, tally, what);
    }
    for (tally, what) in [
        (
            &frozen.without_sequence,
            "annotations of proteins that are not among the training sequences are not used",
        ),
        (
            &frozen.without_annotation,
            "training sequences have no annotation",
        ),
    ] {
        if tally.count > 0 {
            let number = count(tally.count);
            reporter.note(&format!("{number} {what} ({})", examples(tally)));
        }
    }
    Ok(frozen)
}

fn warn(reporter: &Reporter, tally: &Tally, what: &str) {
    if tally.count > 0 {
        let number = count(tally.count);
        reporter.warn(&format!("{number} {what} ({})", examples(tally)));
    }
}

/// The arguments of `protea predict`, as its command line would have them.
fn prediction(
    args: &LafaArgs,
    train: &Path,
    predictions: &Path,
    scratch: &Path,
) -> Result<PredictArgs, Failure> {
    let (runner, method) = args.method.runner();
    let mut line: Vec<OsString> = ["protea", "predict", runner, "--format", "tsv"]
        .map(OsString::from)
        .into();
    let mut add = |option: &str, value: OsString| line.extend([option.into(), value]);
    add("--train", train.into());
    add("--fasta", (&args.query_file).into());
    add("--output", predictions.into());
    add("--workspace", scratch.join("workspace").into());
    add("--threads", args.num_threads.to_string().into());
    if let Some(method) = method {
        add("--set", format!("method={method}").into());
    }
    for directory in &args.runners.directories {
        add("--runner-dir", directory.into());
    }
    if args.lock.locked {
        add("--lock-file", (&args.lock.lock_file).into());
    }
    line.extend(args.lock.locked.then(|| "--locked".into()));
    let insecure = args.runners.allow_insecure_dir;
    line.extend(insecure.then(|| "--allow-insecure-dir".into()));
    match Cli::try_parse_from(line).map(|cli| cli.command) {
        Ok(Command::Predict(predict)) => Ok(*predict),
        Ok(_) => unreachable!("the line names the command `predict`"),
        Err(error) => Err(Failure::new(Exit::Failed, error.to_string())),
    }
}

fn text(
    args: &LafaArgs,
    inputs: &Inputs,
    frozen: &FreezeReport,
    written: &Written,
    seconds: f64,
) -> String {
    let counts = &frozen.manifest.counts;
    let (runner, method) = args.method.runner();
    let mut lines = Lines::default();
    lines
        .add("written", display_path(&args.output_file))
        .add("method", method.unwrap_or(runner))
        .add(
            "trained on",
            format!(
                "{} proteins, {} annotated, {} annotations",
                count(counts.proteins),
                count(counts.annotated_proteins),
                count(counts.annotations)
            ),
        )
        .add(
            "queries",
            format!(
                "{}, {} with predictions",
                count(inputs.queries.len() as u64),
                count(written.proteins)
            ),
        )
        .add("predictions", count(written.predictions))
        .add("seconds", format!("{seconds:.1}"));
    lines.to_string()
}
