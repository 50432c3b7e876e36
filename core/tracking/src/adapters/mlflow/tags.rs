//! Tags: ours, MLflow's and the run's.

use std::{borrow::Cow, env, path::Path};

use super::naming;
use crate::{RunStart, Tags};

/// Our id of the run, by which it is found again.
pub(super) const RUN_ID: &str = "protea.run_id";
/// Our id of the run that it is part of.
pub(super) const PARENT: &str = "protea.parent";
pub(super) const GROUP: &str = "protea.group";
pub(super) const KIND: &str = "protea.kind";
/// The run's name, where MLflow has only its beginning.
pub(super) const NAME: &str = "protea.name";
/// Why the run did not end well.
pub(super) const ERROR: &str = "protea.error";
/// The place of the event that a logged model comes from.
pub(super) const SEQ: &str = "protea.seq";
/// MLflow's id of the run that it is part of, by which its own pages nest runs.
pub(super) const MLFLOW_PARENT: &str = "mlflow.parentRunId";
const MLFLOW: &str = "mlflow.";
/// Where a run's own tags may name the commit that it ran from.
const COMMIT: [&str; 2] = ["git.commit", "git_commit"];

const RESERVED: [&str; 8] = [RUN_ID, PARENT, GROUP, KIND, NAME, ERROR, SEQ, MLFLOW_PARENT];

/// The name under which the server keeps a tag of the run's. One that would take the place of one
/// of ours is told apart.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    if RESERVED.contains(&name) {
        Cow::Owned(naming::key_apart(name, "tag"))
    } else {
        naming::key(name)
    }
}

/// Whether a tag is the run's own, not ours or MLflow's.
pub(super) fn is_own(key: &str) -> bool {
    !RESERVED.contains(&key) && !key.starts_with(MLFLOW)
}

/// The tags that a run gets when it is made.
pub(super) fn of_start(start: &RunStart, parent: Option<&str>) -> Tags {
    let mut tags = Tags::new();
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            tags.insert(key.to_owned(), value.to_owned());
        }
    };
    set(RUN_ID, Some(&start.run_id));
    set(PARENT, start.parent.as_deref());
    set(GROUP, start.group.as_deref());
    set(KIND, start.kind.as_deref());
    set(MLFLOW_PARENT, parent);
    set("mlflow.note.content", start.notes.as_deref());
    set("mlflow.user", user().as_deref());
    set("mlflow.source.name", program().as_deref());
    set("mlflow.source.type", Some("LOCAL"));
    let commit = COMMIT.iter().find_map(|name| start.tags.get(*name));
    set("mlflow.source.git.commit", commit.map(String::as_str));
    tags
}

/// Who runs this.
pub(super) fn user() -> Option<String> {
    let names = ["USER", "LOGNAME", "USERNAME"];
    let set = names.iter().filter_map(|name| env::var(name).ok());
    set.into_iter().find(|name| !name.is_empty())
}

fn program() -> Option<String> {
    let program = env::args_os().next()?;
    let name = Path::new(&program).file_name()?;
    Some(name.to_string_lossy().into_owned())
}
