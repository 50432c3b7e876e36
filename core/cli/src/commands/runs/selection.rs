//! The runs that the filters of a command mean.

use protea_core::workspace::RunSelection;

use crate::args::RunFilters;

/// The selection of these filters.
pub(super) fn filtered(filters: &RunFilters) -> RunSelection {
    let mut selection = RunSelection::new();
    if let Some(project) = &filters.project {
        selection = selection.with_project(project);
    }
    if let Some(group) = &filters.group {
        selection = selection.with_group(group);
    }
    if let Some(runner) = &filters.runner {
        selection = selection.with_runner(runner);
    }
    if let Some(eval) = &filters.eval {
        selection = selection.with_eval(eval);
    }
    if let Some(status) = filters.status {
        selection = selection.with_status(status.status());
    }
    filters
        .tags
        .iter()
        .fold(selection, |selection, tag| match tag.split_once('=') {
            Some((name, value)) => selection.with_tag(name, Some(value.to_owned())),
            None => selection.with_tag(tag, None),
        })
}
