//! The runs that a run consists of.

use protea_core::{
    Workspace,
    workspace::{RecordedRun, RunHead},
};

use crate::{
    data::{Cell, Data},
    figure::Table,
};

/// A child run.
pub struct Child {
    /// Its name within its parent, such as `fold-0`.
    pub name: String,
    /// The head of its manifest.
    pub head: RunHead,
    /// The run itself, if its manifest can be read.
    pub run: Option<RecordedRun>,
}

/// The runs whose parent is `run`, in the order in which they started. `also` are the ids of others
/// that it reused.
pub fn children(workspace: &Workspace, run: &RecordedRun, also: &[&str]) -> Vec<Child> {
    let id = &run.manifest.run_id;
    let prefix = format!("{}/", run.manifest.name.as_deref().unwrap_or_default());
    let list = workspace.runs();
    let own = list.runs.into_iter().filter(|child| {
        child.head.parent.as_ref() == Some(id) || also.contains(&child.head.run_id.as_str())
    });
    own.map(|child| {
        let named = child.head.name.clone().unwrap_or_default();
        let name = named.strip_prefix(&prefix).map(str::to_owned);
        // A run that was reused has the name that it got in its own parent.
        let name = name.unwrap_or_else(|| named.rsplit('/').next().unwrap_or_default().to_owned());
        let path = child.directory.to_string_lossy().into_owned();
        Child {
            name: if name.is_empty() {
                child.head.run_id.to_string()
            } else {
                name
            },
            run: workspace.find_run(&path).ok(),
            head: child.head,
        }
    })
    .collect()
}

/// The table of child runs.
pub fn children_table(children: &[Child]) -> Table {
    let mut data = Data::new(["name", "run", "status", "runner", "started", "error"]);
    for child in children {
        let head = &child.head;
        let runner = head.runner.as_ref();
        data.push([
            Cell::text(&child.name),
            Cell::text(head.run_id.as_str()),
            Cell::text(head.status.name()),
            runner.map_or(Cell::Missing, |runner| {
                Cell::text(format!("{} {}", runner.name, runner.version))
            }),
            Cell::text(head.started.strftime("%Y-%m-%d %H:%M:%S").to_string()),
            head.error.as_ref().map_or(Cell::Missing, Cell::text),
        ]);
    }
    Table::new("runs", "The runs that it consists of", data)
}
