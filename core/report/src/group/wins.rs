//! For how many proteins one contender is better than another.

use std::collections::BTreeMap;

use crate::{
    analysis::{AspectResult, Method, aspect_order},
    chart::{Axis, BarChart, BarRow, Segment},
    data::{Cell, Data},
    figure::{Figure, Legend, Table},
    page::Page,
    text::count,
};

/// Two F that differ by less are the same.
const SAME: f64 = 1e-9;
/// The colours of wins, ties and losses.
const COLOURS: [usize; 3] = [2, 7, 1];

/// Adds the figure of wins against the best, the table of all pairs and the table of proteins.
pub fn section(page: &mut Page, methods: &[Method]) {
    let mut aspects: Vec<&str> = methods
        .iter()
        .flat_map(|method| &method.aspects)
        .map(|result| result.aspect.as_str())
        .collect();
    aspects.sort_by_cached_key(|aspect| aspect_order(aspect));
    aspects.dedup();
    page.text("A contender wins a protein if its F is higher there, each at the threshold of its own Fmax.");
    page.figure(against_best(&aspects, methods));
    page.table(pairs(&aspects, methods));
    page.table(proteins(&aspects, methods));
}

/// F by accession.
fn values(result: &AspectResult) -> BTreeMap<&str, f64> {
    let proteins = result.details.proteins.iter();
    proteins
        .map(|protein| (protein.accession.as_str(), protein.f()))
        .collect()
}

/// The numbers of proteins that the first wins, that are ties, and that it loses.
fn compare(one: &BTreeMap<&str, f64>, other: &BTreeMap<&str, f64>) -> [u64; 3] {
    let mut counts = [0; 3];
    for (accession, value) in one {
        let Some(other) = other.get(accession) else {
            continue;
        };
        let difference = value - other;
        let at = if difference > SAME {
            0
        } else if difference < -SAME {
            2
        } else {
            1
        };
        counts[at] += 1;
    }
    counts
}

fn against_best(aspects: &[&str], methods: &[Method]) -> Figure {
    let mut data = Data::new(["contender", "aspect", "best", "wins", "ties", "losses"]);
    let mut charts = Vec::new();
    for (at, aspect) in aspects.iter().enumerate() {
        let results: Vec<(&Method, &AspectResult)> = methods
            .iter()
            .filter_map(|method| Some((method, method.aspect(aspect)?)))
            .collect();
        // The first of equals, as in the benchmark.
        let best = results.iter().copied().reduce(|best, next| {
            if next.1.evaluation.fmax() > best.1.evaluation.fmax() {
                next
            } else {
                best
            }
        });
        let Some((best, best_result)) = best else {
            continue;
        };
        let best_values = values(best_result);
        let mut rows = Vec::new();
        for (method, result) in results
            .iter()
            .filter(|(method, _)| method.name != best.name)
        {
            let found = compare(&values(result), &best_values);
            data.push([
                Cell::text(&method.name),
                Cell::text(*aspect),
                Cell::text(&best.name),
                Cell::Count(found[0]),
                Cell::Count(found[1]),
                Cell::Count(found[2]),
            ]);
            let all = found.iter().sum::<u64>().max(1) as f64;
            let mut from = 0.0;
            let segments = found.iter().zip(COLOURS).map(|(count, colour)| {
                let to = from + *count as f64 / all;
                let segment = Segment { from, to, colour };
                from = to;
                segment
            });
            rows.push(BarRow {
                label: method.name.clone(),
                segments: segments.collect(),
                value: format!("{} : {}", count(found[0]), count(found[2])),
            });
        }
        let chart = BarChart {
            id: format!("wins-{at}"),
            title: format!("{aspect}: against {}", best.name),
            description: format!(
                "Fraction of the proteins in {aspect} that each contender wins, ties and loses against {}, the best.",
                best.name
            ),
            x: Axis::unit("part of the proteins"),
            rows,
            wide: false,
        };
        charts.push(chart.into());
    }
    let legend = ["wins", "ties", "losses"].iter().zip(COLOURS);
    Figure {
        id: "wins-figure",
        title: "Against the best contender".to_owned(),
        caption: "The numbers are wins and losses.".to_owned(),
        legend: legend
            .map(|(label, colour)| Legend {
                colour,
                dashed: false,
                label: (*label).to_owned(),
            })
            .collect(),
        charts,
        wide: false,
        data,
    }
}

fn pairs(aspects: &[&str], methods: &[Method]) -> Table {
    let mut data = Data::new(["contender", "against", "aspect", "wins", "ties", "losses"]);
    for aspect in aspects {
        let results: Vec<(&Method, BTreeMap<&str, f64>)> = methods
            .iter()
            .filter_map(|method| Some((method, values(method.aspect(aspect)?))))
            .collect();
        for (at, (one, one_values)) in results.iter().enumerate() {
            for (other, other_values) in &results[at + 1..] {
                let [wins, ties, losses] = compare(one_values, other_values);
                data.push([
                    Cell::text(&one.name),
                    Cell::text(&other.name),
                    Cell::text(*aspect),
                    Cell::Count(wins),
                    Cell::Count(ties),
                    Cell::Count(losses),
                ]);
            }
        }
    }
    Table::new("wins-table", "Wins and losses of all pairs", data)
}

fn proteins(aspects: &[&str], methods: &[Method]) -> Table {
    let mut data = Data {
        columns: ["protein", "aspect", "spread"].map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    data.columns
        .extend(methods.iter().map(|method| format!("F of {}", method.name)));
    let mut rows = Vec::new();
    for aspect in aspects {
        let all: Vec<BTreeMap<&str, f64>> = methods
            .iter()
            .map(|method| method.aspect(aspect).map(values).unwrap_or_default())
            .collect();
        let Some(first) = all.iter().find(|values| !values.is_empty()) else {
            continue;
        };
        for accession in first.keys() {
            let own: Vec<Option<f64>> = all
                .iter()
                .map(|values| values.get(accession).copied())
                .collect();
            let known = || own.iter().flatten().copied();
            let spread = known().fold(0.0, f64::max) - known().fold(1.0, f64::min);
            let mut row = vec![
                Cell::text(*accession),
                Cell::text(*aspect),
                Cell::Number(spread),
            ];
            row.extend(own.iter().map(|value| Cell::optional(*value)));
            rows.push((spread, row));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    data.rows = rows.into_iter().map(|(_, row)| row).collect();
    Table::new(
        "proteins-table",
        "Proteins, those with the largest spread first",
        data,
    )
    .with_note(
        "<em>spread</em> is the difference between the highest and the lowest F of the contenders.",
    )
}
