//! The section on steps: the duration of each step, and the machine meanwhile.

use protea_core::{
    dispatch::{ResourceUsage, UsageScope},
    workspace::{RecordedRun, Status, StepRecord},
};

use super::machine::machine;
use crate::{
    chart::{Axis, BarChart, BarRow, Segment},
    data::{Cell, Data},
    figure::{Figure, Legend, Table},
    page::Page,
    read,
    text::duration,
};

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// What the columns on memory and processor time are of.
fn caption(steps: &[StepRecord]) -> String {
    let scope = steps.iter().find_map(|step| Some(step.resources?.scope));
    match scope {
        Some(UsageScope::Worker) => {
            "Memory, processor time and bytes are those of the worker and all processes that the runner started.".to_owned()
        }
        Some(UsageScope::HostProcess) => {
            "Memory, processor time and bytes are those of the host's process, including everything else that it did at the time.".to_owned()
        }
        _ => String::new(),
    }
}

/// A value of what a step used.
fn used(step: &StepRecord, value: impl Fn(&ResourceUsage) -> Option<f64>) -> Cell {
    Cell::optional(step.resources.as_ref().and_then(value))
}

/// Adds the section, if the run has steps.
pub fn section(page: &mut Page, run: &RecordedRun) {
    let manifest = &run.manifest;
    if manifest.steps.is_empty() {
        return;
    }
    page.section("steps", "Steps");
    let own = read::steps(&run.directory, manifest);
    let start = |at: usize| {
        let step = own[at].as_ref()?;
        Some(
            step.started
                .duration_since(manifest.started)
                .as_secs_f64()
                .max(0.0),
        )
    };
    let mut data = Data::new([
        "step",
        "status",
        "start (s)",
        "seconds",
        "runner (s)",
        "writing (s)",
        "CPU (s)",
        "peak memory (MB)",
        "read (MB)",
        "written (MB)",
        "rows in",
        "rows out",
        "note",
    ]);
    let (mut rows, mut listed, mut end) = (Vec::new(), Vec::new(), 0.0);
    for (at, step) in manifest.steps.iter().enumerate() {
        let own = own[at].as_ref();
        let rows_of = |rows: Option<&protea_core::workspace::Rows>| match rows {
            Some(rows) => Cell::text(format!("{} {}", crate::text::count(rows.count), rows.of)),
            None => Cell::Missing,
        };
        // Without the step's own manifest it is drawn after the step before it.
        let from = start(at).unwrap_or(end);
        end = from + step.seconds.max(0.0);
        data.push([
            Cell::text(&step.name),
            Cell::text(step.status.name()),
            Cell::optional(start(at)),
            Cell::Number(step.seconds),
            Cell::optional(own.map(|own| own.compute_seconds)),
            Cell::optional(own.map(|own| own.writing_seconds)),
            used(step, ResourceUsage::cpu_seconds),
            used(step, |used| used.peak_memory_bytes.map(megabytes)),
            used(step, |used| used.read_bytes.map(megabytes)),
            used(step, |used| used.written_bytes.map(megabytes)),
            rows_of(own.and_then(|own| own.rows_in.as_ref())),
            rows_of(own.and_then(|own| own.rows_out.as_ref())),
            step.note.as_ref().map_or(Cell::Missing, Cell::text),
        ]);
        let memory = step
            .resources
            .and_then(|used| used.peak_memory_bytes)
            .map(|bytes| format!(", {:.0} MB", megabytes(bytes)))
            .unwrap_or_default();
        let label = format!("{}{memory}", duration(step.seconds));
        listed.push(format!("{} {label}", step.name));
        rows.push(BarRow {
            label: step.name.clone(),
            segments: vec![Segment {
                from,
                to: end,
                colour: match step.status {
                    Status::Finished => 0,
                    Status::Running => 1,
                    _ => 4,
                },
            }],
            value: label,
        });
    }
    let chart = BarChart {
        id: "timeline-0".to_owned(),
        title: "Steps".to_owned(),
        description: format!("The steps and how long they took: {}.", listed.join(", ")),
        x: Axis::from_zero("seconds since the start of the run", [end].into_iter()),
        rows,
        wide: true,
    };
    page.figure(Figure {
        id: "timeline",
        title: "Timeline".to_owned(),
        caption: caption(&manifest.steps),
        legend: Vec::<Legend>::new(),
        charts: vec![chart.into()],
        wide: true,
        data: data.clone(),
    });
    page.table(Table::new("steps-table", "Steps", data));
    if let Some(figure) = machine(run) {
        page.figure(figure);
    }
}
