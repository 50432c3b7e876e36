//! A run's line in a list, from its events.

use crate::{Event, EventKind, RunStart, RunStatus, RunSummary};

/// What a list shows of a run with these events.
pub(crate) fn summarise<'a, 'e: 'a>(
    start: &RunStart,
    events: impl IntoIterator<Item = &'a Event<'e>>,
) -> RunSummary {
    let mut summary = RunSummary {
        run_id: start.run_id.clone(),
        name: start.name.clone(),
        status: RunStatus::Running,
        started: start.started,
        finished: None,
        parent: start.parent.clone(),
        project: start.project.clone(),
        group: start.group.clone(),
        tags: start.tags.clone(),
        url: None,
    };
    for event in events {
        match &event.kind {
            EventKind::SetTags { tags } => summary.tags.extend(tags.clone()),
            EventKind::Finish { status, .. } => {
                summary.status = *status;
                summary.finished = Some(event.time);
            }
            _ => {}
        }
    }
    summary
}
