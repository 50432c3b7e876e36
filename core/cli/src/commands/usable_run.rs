//! The run whose model or predictions a command uses.

use protea_core::{
    Workspace,
    workspace::{Needed, RecordedRun, Substitution},
};

use crate::{failure::Failure, output::Reporter};

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
        Some(Substitution::NewestWith(newest)) => {
            let what = match needed {
                Needed::Model => "a model",
                Needed::ScoredModel => "a model that was scored",
                Needed::Predictions => "predictions",
            };
            reporter.note(&format!(
                "using the run {id}, the newest with {what}: the run {newest} has none"
            ));
        }
        _ => {}
    }
    Ok(found.run)
}
