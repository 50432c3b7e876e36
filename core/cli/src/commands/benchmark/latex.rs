//! The table in LaTeX.

use std::fmt::Write;

use super::{
    cells::{cells, headings, notes, on_one_line},
    report::BenchmarkReport,
};
use crate::output::count;

/// A `tabular` for the package booktabs, with a block for each aspect; the best Fmax is bold.
pub fn table(benchmark: &BenchmarkReport<'_>) -> String {
    let headings = headings(benchmark);
    let columns = 1 + headings.len();
    let mut text = format!(
        "% \\usepackage{{booktabs}}\n% Trained on {}, scored on {}.\n\\begin{{tabular}}{{l{}}}\n\\toprule\n",
        on_one_line(benchmark.train),
        on_one_line(benchmark.eval),
        "r".repeat(headings.len())
    );
    row(
        &mut text,
        [String::new()]
            .into_iter()
            .chain(headings.iter().map(|h| escaped(h))),
    );
    for aspect in &benchmark.found.groups {
        let proteins = count(aspect.items as u64);
        let name = escaped(&aspect.group);
        write!(
            text,
            "\\midrule\n\\multicolumn{{{columns}}}{{l}}{{\\textbf{{{name}}} ({proteins} proteins)}} \\\\\n"
        )
        .expect(NEVER_FAILS);
        for line in &aspect.lines {
            let mut cells: Vec<String> = cells(benchmark, line)
                .iter()
                .map(|cell| escaped(cell))
                .collect();
            if line.best
                && let Some(fmax) = cells.first_mut()
            {
                *fmax = format!("\\textbf{{{fmax}}}");
            }
            row(&mut text, [escaped(&line.name)].into_iter().chain(cells));
        }
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    for note in notes(benchmark) {
        writeln!(text, "% {note}").expect(NEVER_FAILS);
    }
    text
}

const NEVER_FAILS: &str = "writing to a String cannot fail";

fn row(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    writeln!(text, "{} \\\\", cells.join(" & ")).expect(NEVER_FAILS);
}

/// The text with LaTeX's special characters escaped; a minus sign before a digit is typeset as such.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut within_word = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '–' => escaped.push_str("--"),
            '-' if !within_word && characters.peek().is_some_and(char::is_ascii_digit) => {
                escaped.push_str("$-$");
            }
            other => escaped.push(other),
        }
        within_word = !character.is_whitespace();
    }
    escaped
}

#[cfg(test)]
mod tests {
    use protea_core::experiment::BenchmarkResult;

    use super::*;

    #[test]
    fn a_name_cannot_end_its_comment() {
        let benchmark = BenchmarkReport {
            train: "a\n\\input{x}",
            eval: "b\r\n\\input{y}",
            remark: "",
            bootstrap: None,
            found: &BenchmarkResult::default(),
        };
        let table = table(&benchmark);
        let names = table.lines().nth(1).unwrap();
        assert_eq!(names, "% Trained on a \\input{x}, scored on b  \\input{y}.");
        assert!(!table.contains('\r'));
    }

    #[test]
    fn special_characters_are_escaped() {
        let cases = [
            ("knn@k_30", "knn@k\\_30"),
            ("95 % CI", "95 \\% CI"),
            ("-0.25 – -0.1", "$-$0.25 -- $-$0.1"),
            ("a-1", "a-1"),
            (
                "\\{x}^~#$&",
                "\\textbackslash{}\\{x\\}\\textasciicircum{}\\textasciitilde{}\\#\\$\\&",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }
}
