//! The table on standard output.

use protea_core::{experiment::GroupedRun, text::escape_line, workspace::RUN_MANIFEST};

use super::{
    cells::{cells, headings, notes},
    report::BenchmarkReport,
};
use crate::output::{Lines, Table, count, display_path};

/// A table for each aspect, then notes.
pub fn table(benchmark: &BenchmarkReport<'_>) -> String {
    let mut text = format!(
        "benchmark · trained on {} · scored on {}{}\n\n",
        escape_line(benchmark.train),
        escape_line(benchmark.eval),
        benchmark.remark
    );
    for aspect in &benchmark.found.groups {
        let proteins = count(aspect.items as u64);
        let heading = format!("{} ({proteins} proteins)", aspect.group);
        let headings = [heading].into_iter().chain(headings(benchmark));
        let mut table = Table::new(1.., headings);
        for line in &aspect.lines {
            let name = [line.name.clone()].into_iter();
            table.row(name.chain(cells(benchmark, line)));
        }
        text.push_str(&format!("{table}\n"));
    }
    for note in notes(benchmark) {
        text.push_str(&note);
        text.push('\n');
    }
    text
}

/// The run's directory and the files in it.
pub fn places(run: &GroupedRun<()>, files: [&str; 3]) -> String {
    let mut lines = Lines::default();
    lines.add("run", run.manifest.run_id.as_str());
    lines.add("  directory", display_path(&run.directory));
    lines.add("  table", files.join(", "));
    lines.add("  manifest", RUN_MANIFEST);
    lines.to_string()
}
