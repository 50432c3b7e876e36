//! Determinism: the same call twice.

use std::{path::Path, sync::Arc};

use protea_core::contracts::{EvalResult, Level};
use serde_json::Value;

use super::scope;
use crate::{
    Checked, Subject, Verdict, comparison::difference, fixture::Snapshot, recorder::Recorder,
    subject::cannot_write,
};

scope! {
    /// The same call twice.
    DeterminismTest {
        /// `fit` with the same seed writes the same bytes in another process
        Fit = "determinism/fit" => fit,
        /// `evaluate` with the same seed returns the same metrics and writes the same files
        Evaluate = "determinism/evaluate" => evaluate,
        /// `export` of the same model writes the same bytes
        Export = "determinism/export" => export,
        /// `evaluate` with one thread and with four returns the same metrics
        ThreadCount = "determinism/thread-count" => thread_count,
    }
}

const REMEDY: &str = "seed every random generator with `request.seed`, iterate over maps in a fixed order (BTreeMap), write no times and process ids, and sum floating-point numbers in a fixed order";

/// Takes a snapshot of an output directory and removes it, so that the same call can be repeated with
/// the same paths.
fn take(directory: &Path) -> Result<Snapshot, Verdict> {
    let snapshot = Snapshot::take(directory);
    protea_files::remove_tree(directory).map_err(cannot_write)?;
    Ok(snapshot)
}

fn fit(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    if fitted.result.is_none() {
        return Ok(Verdict::skipped("the runner has no training step"));
    }
    let dir = subject.work_dir()?;
    let output = dir.join("model");
    let fit = || subject.fit_in(&dir, "model", Arc::new(Recorder::new(Level::Error)));
    let (_, one) = fit()?;
    let first = take(&output)?;
    let (_, other) = fit()?;
    let metrics = |result: Option<protea_core::contracts::RunResult>| result.map(|r| r.metrics);
    same_metrics(&metrics(one), &metrics(other))?;
    same_files(&first, &take(&output)?, "fit")
}

fn evaluate(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    subject.metrics()?;
    let dir = subject.work_dir()?;
    let output = dir.join("evaluation");
    let request = subject.evaluate_request(fitted, &dir, "evaluation");
    let one = subject.evaluate(&request)?;
    let first = take(&output)?;
    let other = subject.evaluate(&request)?;
    same_metrics(&one.metrics, &other.metrics)?;
    same_files(&first, &take(&output)?, "evaluate")
}

fn export(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    subject.exported()?;
    let dir = subject.empty_dir()?;
    let output = dir.join("export");
    let request = subject.export_model(&fitted.model_uri, &dir, "export");
    subject.export(&request)?;
    let first = take(&output)?;
    subject.export(&request)?;
    same_files(&first, &take(&output)?, "export")
}

fn thread_count(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    subject.steady_metrics()?;
    let dir = subject.work_dir()?;
    let with_threads = |threads: usize| -> Result<EvalResult, Verdict> {
        let mut request = subject.evaluate_request(fitted, &dir, "evaluation");
        request.threads = threads;
        subject.evaluate(&request)
    };
    let (one, four) = (with_threads(1)?.metrics, with_threads(4)?.metrics);
    match difference(&Value::Object(one), &Value::Object(four)) {
        None => Ok(Verdict::passed()),
        Some((at, gap)) if gap < 1e-9 => Ok(Verdict::warning(format!(
            "the metrics differ at {at} by {gap:e} between one thread and four; sum floating-point numbers in a fixed order"
        ))),
        Some((at, _)) => Err(Verdict::failed(
            "the same metrics with one thread and with four",
            format!("they differ at {at}"),
            REMEDY,
        )),
    }
}

fn same_metrics<T: serde::Serialize>(one: &T, other: &T) -> Result<(), Verdict> {
    let value = |metrics: &T| serde_json::to_value(metrics).unwrap_or_default();
    match difference(&value(one), &value(other)) {
        None => Ok(()),
        Some((at, _)) => Err(Verdict::failed(
            "the same metrics with the same seed",
            format!("they differ at {at}"),
            REMEDY,
        )),
    }
}

fn same_files(one: &Snapshot, other: &Snapshot, call: &str) -> Checked {
    let changes = one.changes(other, |_| false);
    if changes.is_empty() {
        return Ok(Verdict::noted(format!("{} files", one.paths().len())));
    }
    Err(Verdict::failed(
        format!("`{call}` with the same seed writes the same bytes"),
        format!("in the second call, {}", changes.join(", ")),
        REMEDY,
    ))
}
