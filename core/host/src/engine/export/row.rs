//! row: a signac project in which each task of the plan is a job, and `workflow.toml`.
//!
//! The jobs of the plan's workspace cannot be used: they are recorded by gathering, several tasks can
//! share one, and the state points of the others have nothing that selects them.

use std::{fs, io, path::Path};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    super::{
        directory::PlanDirectory,
        error::EngineError,
        json_files::pretty,
        quoting::{comment, shell},
    },
    ExportError, Source,
    template::fill,
};
use crate::{
    store::write_atomic,
    workspace::{Workspace, job_id},
};

/// The script that the actions call. `workflow.toml` has its name.
pub(super) const SCRIPT: &str = "protea.sh";
/// The index and the id of a task in the directory of its job, for the script.
const TASK: &str = "task";
/// The product of the action that does tasks.
const RESULT: &str = "result.json";
/// The product of the action that gathers.
const GATHERED: &str = "gathered.json";

pub(super) fn workflow(source: &Source<'_>) -> String {
    let seconds = source.resources.seconds.unwrap_or(3600);
    let walltime = format!(
        "\"{:02}:{:02}:{:02}\"",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    let cores = u64::try_from(source.threads).unwrap_or(u64::MAX);
    let memory = source.megabytes().map_or_else(String::new, |megabytes| {
        format!("memory_per_cpu_mb = {}\n", megabytes.div_ceil(cores))
    });
    fill(
        include_str!("templates/workflow.toml"),
        &[
            ("about", &comment("#", &source.about())),
            ("threads", &source.threads.to_string()),
            ("per_index", &source.per_index.to_string()),
            ("walltime", &walltime),
            ("memory", &memory),
        ],
    )
}

/// What the actions call.
pub(super) fn script(source: &Source<'_>) -> String {
    fill(
        include_str!("templates/row.sh"),
        &[
            ("program", &shell(&source.program)),
            ("plan", &shell(&source.path)),
        ],
    )
}

/// Writes the project in the directory of `file`: the jobs, with the products of tasks that have ended and no
/// products of others.
pub(super) fn write_project(plan: &PlanDirectory, file: &Path) -> Result<(), ExportError> {
    let expected = "workflow.toml";
    let found = file.file_name().unwrap_or_default();
    if found != expected {
        return Err(ExportError::Name {
            found: found.to_string_lossy().into_owned(),
            expected,
        });
    }
    let file = std::path::absolute(file).map_err(EngineError::write(file))?;
    let directory = file.parent().unwrap_or(plan.path());
    let project = Workspace::open(directory)?;
    let gathered = plan.gathered().map(|report| bytes(&report)).transpose()?;
    for task in plan.tasks()? {
        let state_point = json!({
            "index": task.index,
            "task": task.id,
            "name": task.name,
            "runner": task.runner.name,
            "spec": task.spec,
            "seed": task.seed,
        });
        let Value::Object(mut state_point) = state_point else {
            continue;
        };
        if job_id(&state_point).is_err() {
            // signac allows no dot in a key.
            state_point.remove("spec");
        }
        let job = project.job(&state_point)?;
        let write = |name: &str, bytes: &[u8]| {
            let place = job.directory().join(name);
            write_atomic(&place, bytes).map_err(EngineError::stored(&place))
        };
        write(TASK, format!("{} {}\n", task.index, task.id).as_bytes())?;
        match plan.result(&task.id)? {
            Some((_, result)) => write(RESULT, &bytes(&result)?)?,
            None => remove(&job.directory().join(RESULT))?,
        }
        match &gathered {
            Some(gathered) => write(GATHERED, gathered)?,
            None => remove(&job.directory().join(GATHERED))?,
        }
    }
    Ok(())
}

fn remove(product: &Path) -> Result<(), EngineError> {
    match fs::remove_file(product) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(EngineError::write(product)),
    }
}

fn bytes(value: &impl Serialize) -> Result<Vec<u8>, EngineError> {
    pretty(value).map_err(EngineError::write(Path::new(RESULT)))
}
