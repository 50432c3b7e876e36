//! `protea runs`: commands that show, label and remove the runs of a workspace.

mod columns;
mod compare;
mod confirm;
mod export;
mod export_table;
mod follow;
mod labels;
mod list;
mod places;
mod remove;
mod selection;
mod show;
mod steps;

pub use compare::compare;
pub use export::export;
pub use follow::{log, tail};
pub use labels::{note, tag};
pub use list::list;
pub use remove::{gc, rm};
pub use show::show;

use std::path::Path;

use protea_core::{
    Workspace,
    workspace::{RUN_LABELS, RecordedRun, RunList},
};

use crate::{
    args::WorkspaceArgs,
    exit::Exit,
    failure::Failure,
    output::{Reporter, display_path},
};

/// How many unreadable manifests are named in warnings of their own.
const MOST_WARNINGS: usize = 5;

/// The workspace. Unlike `protea run`, these commands do not create one.
pub(super) fn workspace(args: &WorkspaceArgs) -> Result<Workspace, Failure> {
    Ok(Workspace::open(existing(args)?)?)
}

/// The directory of the workspace, which must exist.
pub(super) fn existing(args: &WorkspaceArgs) -> Result<&Path, Failure> {
    let directory = &args.workspace;
    if Workspace::read_only(directory)?.exists() {
        return Ok(directory);
    }
    Err(Failure::new(
        Exit::Input,
        format!(
            "there is no workspace at {}; give one with --workspace, or create one with `protea run`",
            display_path(directory)
        ),
    ))
}

/// The run that `text` identifies.
fn find(workspace: &Workspace, text: &str) -> Result<RecordedRun, Failure> {
    Ok(workspace.find_run(text)?)
}

/// All runs. Warns of manifests that cannot be read.
fn all(workspace: &Workspace, reporter: &Reporter) -> RunList {
    let list = workspace.runs();
    for unreadable in list.unreadable.iter().take(MOST_WARNINGS) {
        let (path, reason) = (display_path(&unreadable.path), &unreadable.reason);
        if unreadable.path.ends_with(RUN_LABELS) {
            reporter.warn(&format!(
                "{path} cannot be read as the tags and notes of a run and is skipped: {reason}"
            ));
        } else {
            reporter.warn(&format!(
                "{path} is not a run manifest and is skipped: {reason}"
            ));
        }
    }
    if list.unreadable.len() > MOST_WARNINGS {
        let more = list.unreadable.len() - MOST_WARNINGS;
        reporter.warn(&format!("{more} more manifests cannot be read"));
    }
    list
}

/// A UTC time to the second.
fn time(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A duration with units that suit its length.
fn duration(seconds: f64) -> String {
    let whole = seconds.round();
    match seconds {
        ..60.0 => format!("{seconds:.1} s"),
        ..3600.0 => format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0),
        _ => format!(
            "{:.0} h {:02.0} min",
            (whole / 3600.0).floor(),
            (whole % 3600.0 / 60.0).floor()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_suitable_units() {
        let cases = [
            (0.34, "0.3 s"),
            (61.0, "1 min 01 s"),
            (3599.0, "59 min 59 s"),
            (7260.0, "2 h 01 min"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }
}
