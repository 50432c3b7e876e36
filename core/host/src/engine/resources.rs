//! What the tasks of a plan request from a scheduler, changed after planning.

use super::{
    directory::{PLAN, PlanDirectory},
    documents::Resources,
    error::EngineError,
    json_files::pretty,
};
use crate::store::write_atomic;

impl Resources {
    /// What is requested, as a sentence; `None` if nothing is.
    pub(super) fn in_words(&self) -> Option<String> {
        let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
        let parts = [
            self.seconds.map(|seconds| format!("{seconds} s")),
            self.memory.map(|bytes| format!("{} MiB", mebibytes(bytes))),
            self.cpus.map(|cpus| format!("cores: {cpus}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let is_any = !parts.is_empty();
        is_any.then(|| format!("The plan requests for a task: {}.", parts.join(", ")))
    }
}

impl PlanDirectory {
    /// Changes what a task requests. It is not part of the identity of the plan or of its tasks. Jobs that
    /// are submitted already keep what they requested.
    ///
    /// # Errors
    ///
    /// [`EngineError::Write`]; as [`open`](Self::open).
    pub fn with_resources(self, resources: Resources) -> Result<Self, EngineError> {
        if self.plan().resources == resources {
            return Ok(self);
        }
        let mut plan = self.plan().clone();
        plan.resources = resources;
        let place = self.path().join(PLAN);
        let bytes = pretty(&plan).map_err(EngineError::write(&place))?;
        write_atomic(&place, &bytes).map_err(EngineError::stored(&place))?;
        Self::open(self.path())
    }
}
