//! What a plan directory has of fits that were interrupted.

use std::path::PathBuf;

use protea_files::remove_tree;

use super::{directory::PlanDirectory, task::TaskId};

/// Created by the first fit whose runner keeps a state.
const CHECKPOINTS: &str = "checkpoints";

impl PlanDirectory {
    /// The directory for the checkpoints of a task. It may not exist. Only the process that holds the
    /// claim of the task uses it.
    pub(crate) fn checkpoints(&self, id: &TaskId) -> PathBuf {
        self.path.join(CHECKPOINTS).join(id.as_str())
    }

    /// Removes the checkpoints of a task that has ended. What cannot be removed does no harm.
    pub(crate) fn remove_checkpoints(&self, id: &TaskId) {
        let _ = remove_tree(&self.checkpoints(id));
    }
}
