//! `protea report`.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use protea_core::{
    Workspace,
    workspace::{LATEST, Needed, RUN_MANIFEST, RecordedRun, Status},
};
use protea_report::{Progress, ReportOptions, report};
use serde_json::json;

use super::{
    open::open,
    output_file::{self, Existing, check_output},
    runs, usable_run,
};
use crate::{
    args::{ReportArgs, WorkspaceArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, bytes, display_path},
};

/// How many directories a run's directory is below its workspace.
const DEPTH: usize = 5;

/// Writes the report of a run.
pub fn write(args: &ReportArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.run, &args.workspace)?;
    let run = find(&workspace, &args.run, reporter)?;
    interrupt::cooperate(reporter);
    let id = &run.manifest.run_id;
    // An id comes from a file, and must not lead to another directory.
    let name: String = id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let path = args.output.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{name}.html")));
    let existing = Existing::from_force(args.force);
    check_output(&path, existing)?;

    let options = ReportOptions::default()
        .with_bootstrap(args.bootstrap.with_seed(args.seed))
        .with_train(args.train.clone());
    let mut watch = watch(reporter);
    let made = report(&workspace, &run, &options, &mut Progress::new(&mut watch));
    reporter.abandon();
    let made = made.map_err(|_| Failure::cancelled())?;

    if let Some(directory) = &args.tables {
        for (name, _) in &made.tables {
            check_output(&directory.join(format!("{name}.tsv")), existing)?;
        }
    }
    save(&path, made.html.as_bytes())?;
    let mut tables = Vec::new();
    if let Some(directory) = &args.tables {
        std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        for (name, text) in &made.tables {
            let table = directory.join(format!("{name}.tsv"));
            save(&table, text.as_bytes())?;
            tables.push(table);
        }
    }
    if args.open {
        open(path.as_ref(), &display_path(&path), reporter);
    }
    let size = made.html.len() as u64;
    let mut text = format!("report  {} ({})\n", display_path(&path), bytes(size));
    if let Some(directory) = &args.tables {
        text.push_str(&format!(
            "tables  {} ({} files)\n",
            display_path(directory),
            tables.len()
        ));
    }
    let shown = |path: &PathBuf| json!(path.to_string_lossy());
    Ok(Report {
        text,
        json: json!({
            "run_id": id,
            "report": shown(&path),
            "bytes": size,
            "tables": tables.iter().map(shown).collect::<Vec<_>>(),
        }),
    })
}

/// The run of the report. `latest` is the newest run, also one that failed or goes on; after a command
/// that computes no scores, such as `fit`, it is the newest with scores.
fn find(workspace: &Workspace, text: &str, reporter: &Reporter) -> Result<RecordedRun, Failure> {
    let run = workspace.find_run(text)?;
    let manifest = &run.manifest;
    let is_without_scores = manifest.status == Status::Finished && !Needed::Scores.is_in(manifest);
    if text == LATEST && is_without_scores {
        return usable_run::find(workspace, text, Needed::Scores, reporter);
    }
    Ok(run)
}

/// Shows the progress of a report or figure, and cancels it after Ctrl-C.
pub(super) fn watch(
    reporter: &Reporter,
) -> impl FnMut(&'static str, usize, usize) -> ControlFlow<()> + '_ {
    let mut shown = "";
    move |what, done, total| {
        if shown != what {
            shown = what;
            reporter.start(what);
        }
        if total > 0 {
            reporter.progress(done as u64, total as u64);
        }
        interrupt::continue_unless_requested()
    }
}

/// The workspace of the run: that of its directory, if one is given.
pub(super) fn workspace(run: &str, args: &WorkspaceArgs) -> Result<Workspace, Failure> {
    let given = Path::new(run);
    let directory = match given.ends_with(RUN_MANIFEST) {
        true => given.parent().unwrap_or(given),
        false => given,
    };
    if protea_files::is_regular(&directory.join(RUN_MANIFEST)) {
        let absolute = std::path::absolute(directory).map_err(|error| {
            Failure::new(Exit::Input, format!("{}: {error}", display_path(directory)))
        })?;
        let root = absolute.ancestors().nth(DEPTH).unwrap_or(&absolute);
        return Ok(Workspace::at(root)?);
    }
    runs::workspace(args)
}

/// Writes a file of the report, in place of an earlier one.
pub(super) fn save(path: &Path, content: &[u8]) -> Result<(), Failure> {
    output_file::replace(path, |out| out.write_all(content))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Output,
        format!("cannot write to {}: {error}", display_path(path)),
    )
}
