//! The files that gathering wrote before.

use std::{io, path::Path};

use protea_core::{contracts::content::digest_file, engine::PlanDirectory};
use serde_json::{Value, json};

use super::joined::unreadable;
use crate::{args::PredictArgs, commands::predict::output, failure::Failure, output::Report};

/// The report of an earlier call, if the files that it wrote are as they were.
pub(super) fn gathered(plan: &PlanDirectory, args: &PredictArgs) -> Option<Report> {
    let file = args.output.as_deref()?;
    let kept = match plan.output_report(file) {
        Some(kept) if output::files(args).iter().all(|file| plan.is_output(file)) => kept,
        _ => of_earlier_version(plan, file)?,
    };
    Some(Report {
        text: kept["text"].as_str().unwrap_or_default().to_owned(),
        json: kept["json"].clone(),
    })
}

/// What a version kept that did not note each file.
fn of_earlier_version(plan: &PlanDirectory, file: &Path) -> Option<Value> {
    let kept = plan.gathered()?;
    let is_noted = kept.get("files_are_noted").is_some();
    if is_noted || kept["output"].as_str()? != name(file) {
        return None;
    }
    let (sha256, _) = digest_file(file).ok()?;
    (kept["sha256"].as_str()? == sha256.to_string()).then_some(kept)
}

/// Notes a file that will be renamed to `file`.
pub(super) fn note(plan: &PlanDirectory, file: &Path, written: &Path) -> io::Result<()> {
    let (sha256, _) = digest_file(written)?;
    plan.note_output(file, sha256).map_err(io::Error::other)
}

/// Keeps the report of gathering the whole plan.
pub(super) fn keep(
    plan: &PlanDirectory,
    args: &PredictArgs,
    report: &Report,
) -> Result<(), Failure> {
    let Some(file) = args.output.as_deref() else {
        return Ok(());
    };
    let (sha256, _) = digest_file(file).map_err(unreadable(file))?;
    let kept = json!({
        "text": report.text,
        "json": report.json,
        "output": name(file),
        "sha256": sha256,
        "files_are_noted": true,
    });
    plan.keep_output(file, kept.clone())?;
    Ok(plan.keep_gathered(&kept)?)
}

fn name(file: &Path) -> String {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    absolute.to_string_lossy().into_owned()
}
