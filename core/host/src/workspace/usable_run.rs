//! Finds the run whose model or predictions a command uses, where a run was named that has none
//! itself: a search stands for its best trial, `latest` for the newest finished run that has what is
//! needed.

use std::path::Path;

use protea_tracking::RunId;

use super::{FindRunError, LATEST, Needed, RecordedRun, RunManifest, Status, Workspace};

/// The file of a search's trials.
const TRIALS: &str = "search.tsv";
/// How many child runs an error lists.
const LISTED: usize = 8;

/// A run, and why it is another one than the one that was named.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UsableRun {
    /// The run.
    pub run: RecordedRun,
    /// Why it is another one than the one that was named.
    pub substitution: Option<Substitution>,
}

/// Why another run is used than the one that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Substitution {
    /// It is the best trial of this search.
    BestTrial(RunId),
    /// It is the newest finished run that has what is needed; this one is newer.
    NewestWith {
        /// The newer run.
        newest: RunId,
        /// The status of the newer run. A finished one does not have what is needed.
        status: Status,
    },
}

impl Workspace {
    /// The run that `text` means, as [`find_run`](Self::find_run) finds it, for a command that uses its
    /// model or its predictions. A search stands for its best trial. [`LATEST`] stands for the newest
    /// finished run that has what is needed, but a newer benchmark is an error, because it has several.
    /// Any other text also means a run that failed, was killed or is running.
    ///
    /// A run without it and without child runs that have it is returned as it is.
    ///
    /// # Errors
    ///
    /// As [`find_run`](Self::find_run); [`FindRunError::Group`] for a run whose child runs have what is
    /// needed; [`FindRunError::Unfinished`] for [`LATEST`] if no run that has what is needed is finished.
    pub fn find_usable_run(&self, text: &str, needed: Needed) -> Result<UsableRun, FindRunError> {
        let run = self.find_run(text)?;
        let is_latest = text == LATEST;
        if needed.is_in(&run.manifest) && (!is_latest || is_finished(&run)) {
            return Ok(UsableRun::of(run));
        }
        let id = run.manifest.run_id.clone();
        if let Some(best) = self.best_trial(&run, needed) {
            return Ok(UsableRun {
                run: best,
                substitution: Some(Substitution::BestTrial(id)),
            });
        }
        let is_benchmark = run.manifest.runner.is_none();
        let is_replaced = is_latest && !is_benchmark;
        if is_replaced && let Some(newest) = self.newest_with(needed, is_finished) {
            return Ok(UsableRun {
                run: newest,
                substitution: Some(Substitution::NewestWith {
                    newest: id,
                    status: run.manifest.status,
                }),
            });
        }
        let children = self.children_with(&run, needed);
        if children.is_empty() {
            return match self.newest_with(needed, |_| true).filter(|_| is_replaced) {
                Some(unfinished) => Err(FindRunError::Unfinished {
                    run: unfinished.manifest.run_id,
                    status: unfinished.manifest.status,
                    needed,
                }),
                None => Ok(UsableRun::of(run)),
            };
        }
        Err(FindRunError::Group {
            run: id,
            pipeline: run.manifest.pipeline,
            needed,
            children,
        })
    }

    /// The run of the best trial of a search.
    fn best_trial(&self, search: &RecordedRun, needed: Needed) -> Option<RecordedRun> {
        if search.manifest.pipeline != "search" {
            return None;
        }
        let id = best_of(&search.directory, &search.manifest)?;
        let run = self.find_run(&id).ok()?;
        needed.is_in(&run.manifest).then_some(run)
    }

    /// The newest run that is not part of another one, is `accepted` and has what is needed, or whose
    /// best trial has it.
    fn newest_with(
        &self,
        needed: Needed,
        accepted: impl Fn(&RecordedRun) -> bool,
    ) -> Option<RecordedRun> {
        let list = self.runs();
        let mut runs: Vec<_> = list
            .runs
            .iter()
            .filter(|run| run.head.parent.is_none())
            .collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.head.started));
        runs.into_iter().find_map(|listed| {
            let run = self.find_run(listed.head.run_id.as_str()).ok()?;
            if needed.is_in(&run.manifest) && accepted(&run) {
                return Some(run);
            }
            self.best_trial(&run, needed)
        })
    }

    /// The ids of child runs that have what is needed, with their runners, at most [`LISTED`].
    fn children_with(&self, parent: &RecordedRun, needed: Needed) -> Vec<(RunId, String)> {
        let id = &parent.manifest.run_id;
        let list = self.runs();
        let children = list
            .runs
            .iter()
            .filter(|run| run.head.parent.as_ref() == Some(id));
        children
            .filter_map(|listed| {
                let run = self.find_run(listed.head.run_id.as_str()).ok()?;
                let name = listed.head.name.as_deref().unwrap_or_default();
                let name = name.rsplit('/').next().unwrap_or_default().to_owned();
                needed
                    .is_in(&run.manifest)
                    .then(|| (listed.head.run_id.clone(), name))
            })
            .take(LISTED)
            .collect()
    }
}

impl UsableRun {
    fn of(run: RecordedRun) -> Self {
        Self {
            run,
            substitution: None,
        }
    }
}

fn is_finished(run: &RecordedRun) -> bool {
    run.manifest.status == Status::Finished
}

/// The run of the first trial whose score is that of the search's best.
fn best_of(directory: &Path, manifest: &RunManifest) -> Option<String> {
    let metric = manifest.spec["search"]["metric"].as_str()?;
    let best = manifest.metric_by_name(&format!("best.{metric}"))?;
    let bytes = protea_files::read_document(&directory.join(TRIALS)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next()?.split('\t').collect();
    let column = |name: &str| header.iter().rposition(|column| *column == name);
    // A setting may be called `score`: the column of the search is the second one.
    let (score, run_id) = (1, column("run_id")?);
    lines.find_map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let value: f64 = cells.get(score)?.parse().ok()?;
        let id = cells.get(run_id).filter(|id| !id.is_empty())?;
        (value == best).then(|| (*id).to_owned())
    })
}
