//! The summary of a run, from its events.

use crate::{EventKind, RunEvent, RunStart, RunSummary};

/// The summary of a run with these events.
pub(crate) fn summarise<'a, 'e: 'a>(
    start: &RunStart,
    events: impl IntoIterator<Item = &'a RunEvent<'e>>,
) -> RunSummary {
    let mut summary = RunSummary::new(start);
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
