//! `protea plan export` and `protea plan remaining`.

use std::path::{Path, PathBuf};

use protea_core::{
    engine::{ExportOptions, ExportTarget, MirrorUse, PlanDirectory, write_companions},
    text::escape_lines,
};
use serde_json::json;

use super::{
    command::planned_command,
    location::{Opened, require_directory},
};
use crate::{
    args::{Command, ExportTargetName, PlanExportArgs, PlanRemainingArgs},
    commands::output_file::{Existing, check_output, replace},
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, display_path},
};

/// Writes the file of an engine.
pub fn export(args: &PlanExportArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let plan = Opened::new(&args.plan, MirrorUse::Status, reporter)?.plan;
    check_stored(&plan, args.target)?;
    check_prediction(&plan)?;
    let (target, name) = target(args.target);
    let mut options = ExportOptions::new(program(args)?);
    options.per_index = args.per_index;
    let exported = protea_core::engine::export(&plan, target, &options)?;
    for note in &exported.notes {
        reporter.note(note);
    }
    let mut json = json!({
        "plan": plan.location().to_string_lossy(),
        "for": name,
        "notes": exported.notes,
    });
    if args.output.as_deref() == Some(Path::new("-")) {
        if escape_lines(&exported.text) != exported.text.as_str() {
            let message = "a path has a character that is not printed to standard output; give a file \
                           with --output";
            return Err(Failure::new(Exit::Usage, message));
        }
        if target == ExportTarget::Row {
            reporter.warn(
                "only workflow.toml is printed; its script and its signac project are written with --output FILE",
            );
        }
        json["text"] = exported.text.clone().into();
        return Ok(Report {
            text: exported.text,
            json,
        });
    }
    let file = match &args.output {
        Some(output) => output.clone(),
        None if plan.stored_at().is_some() => PathBuf::from(target.file()),
        None => plan.path().join(target.file()),
    };
    let scripts = exported.scripts.iter();
    let mut files: Vec<(PathBuf, &str)> = scripts
        .map(|script| (file.with_file_name(script.name), script.text.as_str()))
        .collect();
    files.push((file.clone(), &exported.text));
    for (path, text) in &files {
        let existing = protea_files::read_document(path).ok();
        if existing.as_deref() != Some(text.as_bytes()) {
            check_output(path, Existing::from_force(args.force))?;
        }
    }
    write_companions(&plan, target, &file)?;
    for (path, text) in &files {
        replace(path, |out| out.write_all(text.as_bytes()))?;
    }
    let path = display_path(&file);
    let word = shell_word(&path);
    let mut lines = Lines::default();
    lines.add("wrote", path);
    lines.add("do", target.command(&word));
    json["file"] = file.to_string_lossy().into();
    Ok(Report {
        text: lines.to_string(),
        json,
    })
}

/// Fails for an engine whose file reads the directory of the plan, if the plan is in a store.
fn check_stored(plan: &PlanDirectory, target: ExportTargetName) -> Result<(), Failure> {
    match target {
        ExportTargetName::Kubernetes | ExportTargetName::Nextflow => Ok(()),
        _ => require_directory(plan, "the file for this engine"),
    }
}

/// Fails for a prediction without a file: engines that gather have no terminal to print it to.
fn check_prediction(plan: &PlanDirectory) -> Result<(), Failure> {
    if plan.plan().prediction.is_none() {
        return Ok(());
    }
    match planned_command(plan.plan())? {
        Command::Predict(args) if args.output.is_none() => Err(Failure::new(
            Exit::Usage,
            "the plan names no file for the predictions; plan again, and name a file for them with --output",
        )),
        _ => Ok(()),
    }
}

fn program(args: &PlanExportArgs) -> Result<PathBuf, Failure> {
    match (&args.program, args.target) {
        (Some(program), _) => Ok(program.clone()),
        (None, ExportTargetName::Kubernetes) => Ok(PathBuf::from("protea")),
        (None, _) => std::env::current_exe().map_err(|error| {
            let message = format!("cannot find the path of this program: {error}; give --program");
            Failure::new(Exit::Failed, message)
        }),
    }
}

const fn target(name: ExportTargetName) -> (ExportTarget, &'static str) {
    match name {
        ExportTargetName::Row => (ExportTarget::Row, "row"),
        ExportTargetName::Hyperqueue => (ExportTarget::HyperQueue, "hyperqueue"),
        ExportTargetName::Snakemake => (ExportTarget::Snakemake, "snakemake"),
        ExportTargetName::Nextflow => (ExportTarget::Nextflow, "nextflow"),
        ExportTargetName::Kubernetes => (ExportTarget::Kubernetes, "kubernetes"),
        ExportTargetName::Parallel => (ExportTarget::Parallel, "parallel"),
        ExportTargetName::Sbatch => (ExportTarget::Sbatch, "sbatch"),
    }
}

/// A path as people would type it.
fn shell_word(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    match path.chars().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

/// Lists the tasks that have no result.
pub fn remaining(args: &PlanRemainingArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let plan = Opened::new(&args.plan, MirrorUse::Status, reporter)?.plan;
    let tasks = plan.tasks()?;
    let open = tasks.iter().filter(|task| !plan.has_ended(&task.id));
    let open: Vec<usize> = open.map(|task| task.index).collect();
    let groups: Vec<&[usize]> = open.chunks(args.per_index).collect();
    let mut text = String::new();
    for group in &groups {
        let indices: Vec<String> = group.iter().map(usize::to_string).collect();
        text.push_str(&indices.join(","));
        text.push('\n');
    }
    Ok(Report {
        text,
        json: json!({
            "plan": plan.location().to_string_lossy(),
            "tasks": tasks.len(),
            "remaining": groups,
        }),
    })
}
