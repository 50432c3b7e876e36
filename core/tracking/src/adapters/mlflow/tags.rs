//! Tags: those of this crate, those of MLflow and those of the user.

use std::{borrow::Cow, env, path::Path};

use serde_json::Value;

use super::naming;
use crate::{RunStart, Tags};

/// Our id of the run, by which it is found again.
pub(super) const RUN_ID: &str = "protea.run_id";
/// Our id of the parent run.
pub(super) const PARENT: &str = "protea.parent";
pub(super) const GROUP: &str = "protea.group";
pub(super) const KIND: &str = "protea.kind";
/// The whole name of the run, if it is too long for MLflow's own field.
pub(super) const NAME: &str = "protea.name";
/// Why the run failed or was killed.
pub(super) const ERROR: &str = "protea.error";
/// The position of the event that logged a model.
pub(super) const SEQ: &str = "protea.seq";
/// MLflow's id of the parent run. Its pages nest runs by this tag.
pub(super) const MLFLOW_PARENT: &str = "mlflow.parentRunId";
const MLFLOW: &str = "mlflow.";
/// Tags of the user that can contain the Git commit.
const COMMIT: [&str; 2] = ["git.commit", "git_commit"];

const RESERVED: [&str; 8] = [RUN_ID, PARENT, GROUP, KIND, NAME, ERROR, SEQ, MLFLOW_PARENT];

/// The name of a user's tag on the server. It is changed if this crate uses the name itself.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    if RESERVED.contains(&name) {
        Cow::Owned(naming::second_key(name, "tag"))
    } else {
        naming::key(name)
    }
}

/// The value of a tag of a run, as the server describes the run.
pub(super) fn of(run: &Value, key: &str) -> Option<String> {
    let tags = run.pointer("/data/tags")?.as_array()?;
    let tag = tags.iter().find(|tag| tag["key"] == key)?;
    Some(tag["value"].as_str()?.to_owned())
}

/// Whether a tag was set by the user, not by this crate or MLflow.
pub(super) fn is_of_user(key: &str) -> bool {
    !RESERVED.contains(&key) && !key.starts_with(MLFLOW)
}

/// The tags that a run has from the beginning.
pub(super) fn initial(start: &RunStart, parent: Option<&str>) -> Tags {
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

/// The name of the user who executes this process.
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
