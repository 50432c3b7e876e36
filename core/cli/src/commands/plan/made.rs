//! A plan that was written.

use protea_core::engine::PlanDirectory;

/// What was planned.
pub(super) struct Made {
    pub(super) directory: PlanDirectory,
    pub(super) tasks: usize,
    pub(super) reused: usize,
    pub(super) is_new: bool,
}
