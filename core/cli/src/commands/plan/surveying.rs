//! Runs planned commands as surveys: what they would do becomes tasks.

use std::sync::Arc;

use protea_core::{engine::PlanDirectory, experiment::Delegation};

use super::{
    command::{parts, recorded, run_command},
    location::require_directory,
    parts as plan_parts,
};
use crate::{args::Command, failure::Failure, output::Reporter};

/// Runs the command as a survey. Errors about missing results are what a survey ends with.
pub(super) fn survey(
    command: &mut Command,
    delegation: &Arc<Delegation>,
    reporter: &Reporter,
) -> Result<(), Failure> {
    if let Some(parts) = parts(command) {
        parts.execution.delegation = Some(Arc::clone(delegation));
    }
    let ended = run_command(command, reporter);
    if let Some(parts) = parts(command) {
        parts.execution.delegation = None;
    }
    match ended {
        Err(failure) if !delegation.has_ended() => Err(failure),
        _ => Ok(()),
    }
}

/// Adds the tasks that depend on results which there are by now. Returns how many.
pub(super) fn add_tasks(plan: &PlanDirectory, reporter: &Reporter) -> Result<usize, Failure> {
    let tasks = plan.tasks()?;
    let is_complete = plan.plan().total <= tasks.len();
    if is_complete || !tasks.iter().all(|task| plan.has_ended(&task.id)) {
        return Ok(0);
    }
    let mut command = recorded(plan)?;
    plan_parts::datasets(plan.plan())?;
    if let Some(parts) = parts(&mut command) {
        plan_parts::runners(plan.plan(), parts.execution)?;
    }
    let delegation = Arc::new(Delegation::survey_results(plan)?);
    survey(&mut command, &delegation, reporter)?;
    let new = delegation.new_tasks();
    if !new.is_empty() {
        require_directory(plan, "adding tasks")?;
        plan.append(&new)?;
    }
    Ok(new.len())
}
