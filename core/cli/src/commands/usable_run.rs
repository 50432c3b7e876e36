//! The run whose model or predictions a command uses.

use protea_core::{
    Workspace, store,
    workspace::{FindRunError, LATEST, Needed, RUN_MANIFEST, RecordedRun, Status, Substitution},
};
use url::Url;

use crate::{args::ExecutionArgs, exit::Exit, failure::Failure, output::Reporter};

/// The run that `text` means. Says so if it is another one than the one that was named.
pub fn find(
    workspace: &Workspace,
    text: &str,
    needed: Needed,
    reporter: &Reporter,
) -> Result<RecordedRun, Failure> {
    let found = workspace.find_usable_run(text, needed)?;
    let id = &found.run.manifest.run_id;
    match &found.substitution {
        Some(Substitution::BestTrial(search)) => {
            reporter.note(&format!(
                "using the run {id}, the best trial of the search {search}"
            ));
        }
        Some(Substitution::NewestWith { newest, status }) => {
            let what = needed.described();
            reporter.note(&match status {
                Status::Finished => {
                    format!("using the run {id}, the newest with {what}: the run {newest} has none")
                }
                status => format!(
                    "using the run {id}, the newest with {what} that is finished: the run {newest} is {status}"
                ),
            });
        }
        _ => {}
    }
    Ok(found.run)
}

/// The URI of a model. On this machine the file must exist; a remote model is fetched when it is
/// used. A run stands for its model, which must be one of this runner.
pub fn model(
    location: &str,
    runner: &str,
    args: &ExecutionArgs,
    reporter: &Reporter,
) -> Result<Url, Failure> {
    let uri = store::locate(location)?;
    if uri.scheme() != "file" {
        return Ok(uri);
    }
    let path = store::local_path(&uri)?;
    let is_run = protea_files::is_regular(&path.join(RUN_MANIFEST));
    if path.exists() && !is_run {
        return Ok(uri);
    }
    let workspace = Workspace::at(&args.workspace.workspace)?;
    match workspace.find_run(location) {
        Err(FindRunError::NoWorkspace { workspace }) if location != LATEST => Err(Failure::new(
            Exit::Input,
            format!(
                "there is no model at {}, and no workspace with runs at {}; give the URI that \
                 `protea fit` printed, its path, an exported directory, or a run and its workspace \
                 with --workspace",
                path.display(),
                workspace.display()
            ),
        )),
        Err(FindRunError::Unknown { .. }) => Err(Failure::new(
            Exit::Input,
            format!(
                "there is no model at {}, and no run {location:?} in the workspace {}; give the URI \
                 that `protea fit` printed, its path, an exported directory, or a run",
                path.display(),
                workspace.directory().display()
            ),
        )),
        _ => {
            let run = find(&workspace, location, Needed::Model, reporter)?;
            let fitted_by = &run.runner()?.name;
            if fitted_by == runner {
                return Ok(run.model_uri()?.clone());
            }
            Err(Failure::new(
                Exit::Input,
                format!(
                    "the run {} has a model of the runner {fitted_by}, not of {runner}; write {fitted_by} in \
                     place of {runner}, or give another run",
                    run.manifest.run_id
                ),
            ))
        }
    }
}
