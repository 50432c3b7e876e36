//! The table in Markdown.

use std::fmt::Write;

use super::{
    cells::{cells, headings, notes},
    report::BenchmarkReport,
};
use crate::output::count;

/// A heading and a table for each aspect; the best Fmax is bold.
pub fn table(benchmark: &BenchmarkReport<'_>) -> String {
    let mut text = format!(
        "# Benchmark\n\nTrained on {}, scored on {}.\n",
        escaped(benchmark.train),
        escaped(benchmark.eval)
    );
    let headings = headings(benchmark);
    for aspect in &benchmark.found.groups {
        let proteins = count(aspect.items as u64);
        let name = escaped(&aspect.group);
        write!(text, "\n## {name}\n\n{proteins} proteins.\n\n").expect(NEVER_FAILS);
        row(
            &mut text,
            ["runner"]
                .into_iter()
                .chain(headings.iter().map(String::as_str)),
        );
        let rules = headings.iter().map(|_| "---:");
        row(&mut text, ["---"].into_iter().chain(rules));
        for line in &aspect.lines {
            let mut cells = cells(benchmark, line);
            if line.best
                && let Some(fmax) = cells.first_mut()
            {
                *fmax = format!("**{fmax}**");
            }
            let name = escaped(&line.name);
            row(
                &mut text,
                [name.as_str()]
                    .into_iter()
                    .chain(cells.iter().map(String::as_str)),
            );
        }
    }
    for note in notes(benchmark) {
        write!(text, "\n{}\n", escaped(&note)).expect(NEVER_FAILS);
    }
    text
}

const NEVER_FAILS: &str = "writing to a String cannot fail";

fn row<'c>(text: &mut String, cells: impl Iterator<Item = &'c str>) {
    text.push('|');
    for cell in cells {
        write!(text, " {cell} |").expect(NEVER_FAILS);
    }
    text.push('\n');
}

/// The text with Markdown's special characters escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_{}[]<>#|~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
