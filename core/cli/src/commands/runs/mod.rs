//! `protea runs`: looking back at what the workspace keeps.

mod compare;
mod follow;
mod list;
mod show;
mod tree;

pub use compare::compare;
pub use follow::{log, tail};
pub use list::list;
pub use show::show;

use protea_core::{
    Workspace,
    workspace::{FindRunError, RecordedRun, RunList},
};

use crate::{
    args::WorkspaceArgs,
    exit::Exit,
    failure::Failure,
    output::{Reporter, shown},
};

/// So many manifests that cannot be read are named.
const NAMED: usize = 5;

/// The workspace, which must be there: looking back makes none.
fn workspace(args: &WorkspaceArgs) -> Result<Workspace, Failure> {
    let directory = &args.workspace;
    if directory.join("workspace").is_dir() || directory.join(".signac").is_dir() {
        return Ok(Workspace::open(directory)?);
    }
    Err(Failure::new(
        Exit::Input,
        format!(
            "there is no workspace at {}; give one with --workspace, or make one with `protea run`",
            shown(directory)
        ),
    ))
}

/// The run that `text` means.
fn find(workspace: &Workspace, text: &str) -> Result<RecordedRun, Failure> {
    workspace.find_run(text).map_err(|error| {
        let exit = match error {
            FindRunError::Ambiguous { .. } => Exit::Usage,
            _ => Exit::Input,
        };
        Failure::new(exit, error.to_string())
    })
}

/// All runs; those that cannot be read are named on standard error.
fn all(workspace: &Workspace, reporter: &Reporter) -> RunList {
    let list = workspace.runs();
    for unreadable in list.unreadable.iter().take(NAMED) {
        let path = shown(&unreadable.path);
        reporter.warn(&format!(
            "{path} is no run manifest and is left out: {}",
            unreadable.reason
        ));
    }
    if list.unreadable.len() > NAMED {
        let more = list.unreadable.len() - NAMED;
        reporter.warn(&format!("{more} more manifests cannot be read"));
    }
    list
}

/// A time as people read it: UTC, to the second.
fn time(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long something took.
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
    fn durations_are_as_people_say_them() {
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
