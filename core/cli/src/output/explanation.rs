//! Explanations of scores as text: a table of contributions for each term.

use std::fmt::Write;

use protea_core::{
    contracts::{
        Explanation,
        explanation::{Combination, Contribution, TermExplanation},
    },
    text::escape_line,
};
use serde_json::Value;

use super::{Table, count, number};

/// How many contributions of a term are listed.
const MOST_CONTRIBUTIONS: usize = 10;
/// How many intermediate terms of a contribution are listed.
const MOST_THROUGH: usize = 2;

/// The column of amounts.
const AMOUNT: &str = "amount";

/// A column: its heading and its cell, if the contribution has one.
type Column = (&'static str, fn(&Contribution) -> Option<String>);

const COLUMNS: [Column; 6] = [
    ("value", |part| part.value.as_ref().map(value)),
    ("distance", |part| part.distance.map(number)),
    ("similarity", |part| part.similarity.map(number)),
    ("weight", |part| part.weight.map(number)),
    (AMOUNT, |part| Some(number(part.amount))),
    ("through", through),
];

/// Which terms an explanation was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The terms with the highest scores.
    Predicted,
    /// One term by its id.
    OneTerm,
}

/// The terms of an explanation, one after the other.
pub fn explanation(explained: &Explanation, asked: Asked) -> String {
    let all = asked == Asked::Predicted;
    let mut text = String::new();
    if all && explained.predicted == 0 {
        text.push_str("no term is predicted for this protein\n");
    }
    for (place, term) in explained.terms.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        text.push_str(&heading(term));
        text.push_str(&contributions(term, &explained.contributors));
    }
    let more = explained.predicted.saturating_sub(explained.terms.len());
    if all && more > 0 {
        let terms = if more == 1 { "term" } else { "terms" };
        let more = count(more as u64);
        writeln!(text, "\nand {more} more {terms}; --limit 0 shows all")
            .expect("writing to a String cannot fail");
    }
    text
}

fn heading(term: &TermExplanation) -> String {
    let aspect = term.aspect.as_deref().map(|aspect| format!("{aspect} "));
    let name = term.name.as_deref().map(|name| format!(" · {name}"));
    let combination = match term.combination {
        Combination::Max => ", the maximum of these",
        Combination::LogisticSum => ", 1 / (1 + exp(-sum)) of these",
        _ => "",
    };
    let predicted = if term.predicted {
        ""
    } else {
        ", not predicted"
    };
    let calibrated = term.uncalibrated.map(|raw| {
        let raw = number(raw);
        format!(", calibrated from {raw}")
    });
    let line = format!(
        "{}{}{} · {}{}{combination}{predicted}",
        aspect.unwrap_or_default(),
        term.term,
        name.unwrap_or_default(),
        number(term.score),
        calibrated.unwrap_or_default(),
    );
    format!("{}\n", escape_line(&line))
}

fn contributions(term: &TermExplanation, contributors: &str) -> String {
    if term.contributions.is_empty() {
        return format!("  no contributing {}\n", escape_line(contributors));
    }
    let listed = &term.contributions[..term.contributions.len().min(MOST_CONTRIBUTIONS)];
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(_, cell)| listed.iter().any(|part| cell(part).is_some()))
        .collect();
    let ranked = listed.iter().any(|part| part.rank.is_some());
    let numbers = 2..columns.len() + 2 - usize::from(listed.iter().any(|p| !p.through.is_empty()));
    let headings = [if ranked { "#" } else { "" }, contributors];
    let headings =
        headings
            .into_iter()
            .chain(columns.iter().map(|(name, _)| match term.combination {
                Combination::Sum if *name == AMOUNT => "of the score",
                _ => name,
            }));
    let mut table = Table::new(numbers, headings);
    if term.base != 0.0 {
        let cells = columns.iter().map(|(name, _)| match *name {
            AMOUNT => number(term.base),
            _ => String::new(),
        });
        table.row(
            [String::new(), "(base)".to_owned()]
                .into_iter()
                .chain(cells),
        );
    }
    for part in listed {
        let rank = part.rank.map_or_else(String::new, |rank| rank.to_string());
        let cells = columns
            .iter()
            .map(|(_, cell)| cell(part).unwrap_or_default());
        table.row([rank, part.source.clone()].into_iter().chain(cells));
    }
    let rest = &term.contributions[listed.len()..];
    let mut text: String = table
        .to_string()
        .lines()
        .map(|line| format!("  {}\n", line.trim_end()))
        .collect();
    if !rest.is_empty() {
        let together = match term.combination {
            Combination::Sum | Combination::LogisticSum => {
                let sum: f64 = rest.iter().map(|part| part.amount).sum();
                format!(", {} together", number(sum))
            }
            _ => String::new(),
        };
        let more = count(rest.len() as u64);
        writeln!(text, "  and {more} more{together}; --json lists all")
            .expect("writing to a String cannot fail");
    }
    text
}

fn through(part: &Contribution) -> Option<String> {
    if part.through.is_empty() {
        return None;
    }
    let listed = part.through.len().min(MOST_THROUGH);
    let mut text = part.through[..listed].join(", ");
    if part.through.len() > listed {
        write!(text, " and {} more", part.through.len() - listed)
            .expect("writing to a String cannot fail");
    }
    Some(text)
}

fn value(value: &Value) -> String {
    match (value.as_f64(), value.as_str()) {
        (Some(value), _) => number(value),
        (None, Some(text)) => text.to_owned(),
        (None, None) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn explained(value: Value) -> Explanation {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_term_lists_its_votes_in_the_columns_that_have_values() {
        let text = explanation(
            &explained(json!({
                "accession": "P1", "contributors": "neighbour", "predicted": 3,
                "terms": [{
                    "term": "GO:0005524", "name": "ATP binding", "aspect": "MFO", "score": 0.75,
                    "contributions": [
                        {"source": "Q9Y2H1", "amount": 0.5, "rank": 1, "distance": 0.1, "weight": 0.9},
                        {"source": "O95835", "amount": 0.25, "rank": 3, "distance": 0.55,
                         "weight": 0.45, "through": ["GO:0000001", "GO:0000002", "GO:0000003"]},
                    ],
                }, { "term": "X:1", "score": 0.0, "predicted": false }],
            })),
            Asked::Predicted,
        );
        insta::assert_snapshot!(text, @r"
        MFO GO:0005524 · ATP binding · 0.750
          #  neighbour  distance  weight  of the score  through
          1  Q9Y2H1        0.100   0.900         0.500
          3  O95835        0.550   0.450         0.250  GO:0000001, GO:0000002 and 1 more

        X:1 · 0.000, not predicted
          no contributing neighbour

        and 1 more term; --limit 0 shows all
        ");
    }

    #[test]
    fn features_have_a_base_and_the_rest_is_summed() {
        let parts: Vec<Value> = (0..12)
            .map(|at| json!({"source": format!("f{at}"), "amount": 1.0 - f64::from(at), "value": at}))
            .collect();
        let text = explanation(
            &explained(json!({
                "accession": "P1", "contributors": "feature", "predicted": 1,
                "terms": [{
                    "term": "X:1", "score": 0.5, "combination": "logistic_sum", "base": -2.5,
                    "contributions": parts,
                }],
            })),
            Asked::OneTerm,
        );
        insta::assert_snapshot!(text, @r"
        X:1 · 0.500, 1 / (1 + exp(-sum)) of these
             feature  value  amount
             (base)          -2.500
             f0       0.000   1.000
             f1       1.000   0.000
             f2       2.000  -1.000
             f3       3.000  -2.000
             f4       4.000  -3.000
             f5       5.000  -4.000
             f6       6.000  -5.000
             f7       7.000  -6.000
             f8       8.000  -7.000
             f9       9.000  -8.000
          and 2 more, -19.000 together; --json lists all
        ");
    }
}
