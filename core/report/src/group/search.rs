//! The report of a search: its trials, the best so far, what matters, and parallel coordinates.

use protea_core::{Workspace, workspace::RecordedRun};

use super::{
    children::{children, children_table},
    trials::Trials,
};
use crate::{
    analysis::{Importance, importance},
    chart::{
        Axis, BarChart, BarRow, Guide, LineChart, Marker, ParallelAxis, ParallelChart,
        ParallelLine, Segment, Series, Style,
    },
    data::{Cell, Data},
    figure::{Figure, Legend, Table},
    page::Page,
    run::{error, log, provenance},
    text::{count, number, plural},
};

/// The largest number of trials in the parallel coordinates, which show the best ones.
const MOST_LINES: usize = 500;
/// The largest number of axes of the parallel coordinates, which show the most important settings.
const MOST_AXES: usize = 8;
/// The most ticks of a setting with names as values.
const MOST_TICKS: usize = 12;

/// Adds the sections.
pub fn search_page(page: &mut Page, workspace: &Workspace, run: &RecordedRun) {
    page.section("scores", "Result");
    error(page, run);
    let mut own = children(workspace, run, &[]);
    let (found, notes) = Trials::find(run, &own);
    notes.iter().for_each(|note| page.note(note));
    let scored = found
        .trials
        .iter()
        .filter(|trial| trial.score.is_some())
        .count();
    let order = if found.lowest_is_best {
        "lower"
    } else {
        "higher"
    };
    let ended = found.trials.len();
    let all = match found.total {
        Some(total) if total > ended => format!(
            "{} of {} have ended, and {} have a score.",
            count(ended as u64),
            plural(total as u64, "trial"),
            count(scored as u64)
        ),
        _ => format!(
            "{} of {} have a score.",
            count(scored as u64),
            plural(ended as u64, "trial")
        ),
    };
    page.text(&format!(
        "{all} The metric is {}; {order} is better.",
        found.metric
    ));
    if let Some(best) = found.best() {
        let trial = &found.trials[best];
        let mut data = Data::new(["setting", "value"]);
        for (key, value) in found.keys.iter().zip(&trial.params) {
            data.push([Cell::text(key), Cell::text(value)]);
        }
        let word = if found.is_complete() {
            "best"
        } else {
            "best so far"
        };
        let caption = format!(
            "The {word}: trial {} with {} {}",
            trial.number,
            found.metric,
            trial.score.map_or_else(String::new, number)
        );
        page.table(Table::new("best", caption, data));
        page.figure(best_so_far(&found));
    }
    let weights = weights(&found);
    if scored > 0 {
        page.section("settings-section", "Settings");
        if weights.is_empty() {
            page.note(
                "The importance of settings needs at least four trials with different scores.",
            );
        } else {
            page.figure(importance_figure(&weights));
        }
        page.figure(parallel(&found, &weights));
    }
    page.section("trials-section", "Trials");
    page.table(found.table());
    if own.len() > 200 {
        own.truncate(200);
        page.note("The table of runs has the first 200; the trials above have all of their ids.");
    }
    page.section("runs-section", "Runs");
    page.table(children_table(&own));
    provenance(page, run);
    log(page, run);
}

/// The trials of a search, if one has a score.
fn trials(workspace: &Workspace, run: &RecordedRun) -> Option<Trials> {
    let (found, _) = Trials::find(run, &children(workspace, run, &[]));
    found.best().map(|_| found)
}

/// The scores of the trials and the best so far. `None` if no trial has a score.
pub fn search_progress(workspace: &Workspace, run: &RecordedRun) -> Option<Figure> {
    Some(best_so_far(&trials(workspace, run)?))
}

/// How much each setting explains of the scores. `None` if too few trials have different scores.
pub fn search_importance(workspace: &Workspace, run: &RecordedRun) -> Option<Figure> {
    let weights = weights(&trials(workspace, run)?);
    (!weights.is_empty()).then(|| importance_figure(&weights))
}

/// The settings and the score of each trial. `None` if no trial has a score.
pub fn search_parallel(workspace: &Workspace, run: &RecordedRun) -> Option<Figure> {
    let found = trials(workspace, run)?;
    Some(parallel(&found, &weights(&found)))
}

fn best_so_far(found: &Trials) -> Figure {
    let mut data = Data::new(["trial", "score", "best so far"]);
    let (mut dots, mut steps) = (Vec::new(), Vec::new());
    let mut best: Option<f64> = None;
    for (at, trial) in found.trials.iter().enumerate() {
        let Some(score) = trial.score else {
            continue;
        };
        if best.is_none_or(|best| found.is_better(score, best)) {
            best = Some(score);
        }
        data.push([
            Cell::text(&trial.number),
            Cell::Number(score),
            Cell::optional(best),
        ]);
        dots.push([at as f64, score]);
        steps.push([at as f64, best.unwrap_or(score)]);
    }
    let marker = found.best().and_then(|at| {
        let score = found.trials[at].score?;
        Some(Marker {
            colour: 1,
            at: [at as f64, score],
            label: number(score),
        })
    });
    let last = found.trials.len().saturating_sub(1).max(1) as f64;
    let chart = LineChart {
        id: "best-so-far-0".to_owned(),
        title: found.metric.clone(),
        description: format!(
            "{} of each trial, and the best up to it. The best is {}.",
            found.metric,
            best.map_or_else(|| "–".to_owned(), number)
        ),
        x: Axis::new("trial", 0.0, last).whole(),
        y: Axis::around(&found.metric, dots.iter().map(|[_, score]| *score)),
        series: vec![
            Series {
                colour: 1,
                style: Style::Steps,
                points: steps,
                first_row: 0,
            },
            Series {
                colour: 0,
                style: Style::Dots,
                points: dots,
                first_row: 0,
            },
        ],
        markers: marker.into_iter().collect(),
        guide: Guide::None,
        wide: true,
    };
    Figure {
        id: "best-so-far",
        title: "Scores of the trials and the best so far".to_owned(),
        caption:
            "Each dot is a trial; the line is the best up to it. The left axis may begin above 0."
                .to_owned(),
        legend: [("trial", 0), ("best so far", 1)]
            .map(|(label, colour)| Legend {
                colour,
                dashed: false,
                label: label.to_owned(),
            })
            .into(),
        charts: vec![chart.into()],
        wide: true,
        data,
    }
}

fn weights(found: &Trials) -> Vec<Importance> {
    let scored = found.trials.iter();
    let scored = scored.filter_map(|trial| Some((trial.params.clone(), trial.score?)));
    importance(&found.keys, &scored.collect::<Vec<_>>())
}

fn importance_figure(weights: &[Importance]) -> Figure {
    let mut data = Data::new(["setting", "explained", "groups"]);
    let mut rows = Vec::new();
    for one in weights {
        data.push([
            Cell::text(&one.key),
            Cell::Number(one.explained),
            Cell::Count(one.groups as u64),
        ]);
        rows.push(BarRow {
            label: one.key.clone(),
            segments: vec![Segment {
                from: 0.0,
                to: one.explained,
                colour: 0,
            }],
            value: number(one.explained),
        });
    }
    let listed: Vec<String> = weights
        .iter()
        .map(|one| format!("{} {}", one.key, number(one.explained)))
        .collect();
    let chart = BarChart {
        id: "importance-0".to_owned(),
        title: "Fraction of the variance of the score".to_owned(),
        description: format!("Importance of the settings: {}.", listed.join(", ")),
        x: Axis::unit("explained part"),
        rows,
        wide: true,
    };
    Figure {
        id: "importance",
        title: "Importance of settings".to_owned(),
        caption: "How much of the variance of the score a setting explains by itself: trials are grouped by its value (numbers with more than five values into five groups of about the same size), and the variance between groups is divided by that of all trials, adjusted for the number of groups as R² is. Interactions are not seen, and few trials make it uncertain.".to_owned(),
        legend: Vec::<Legend>::new(),
        charts: vec![chart.into()],
        wide: true,
        data,
    }
}

/// An axis for the values of a setting, and where each value is on it.
fn placed(label: &str, values: &[&str]) -> (ParallelAxis, Vec<Option<f64>>) {
    let numbers: Vec<Option<f64>> = values.iter().map(|value| value.parse().ok()).collect();
    let known = values.iter().filter(|value| !value.is_empty()).count();
    let is_numeric = known > 0 && numbers.iter().flatten().count() == known;
    if is_numeric {
        let axis = Axis::around(label, numbers.iter().flatten().copied());
        let ticks = axis.ticks().into_iter();
        let ticks = ticks.map(|(value, text)| (axis.place(value), text));
        let places = numbers
            .iter()
            .map(|number| number.map(|value| axis.place(value)));
        return (
            ParallelAxis {
                label: label.to_owned(),
                ticks: ticks.collect(),
            },
            places.collect(),
        );
    }
    let mut names: Vec<&str> = values.iter().copied().filter(|v| !v.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let last = names.len().saturating_sub(1).max(1) as f64;
    let place = |value: &&str| names.binary_search(value).ok().map(|at| at as f64 / last);
    let shown = names.iter().enumerate().take(MOST_TICKS);
    let ticks = shown.map(|(at, name)| (at as f64 / last, (*name).to_owned()));
    (
        ParallelAxis {
            label: label.to_owned(),
            ticks: ticks.collect(),
        },
        values.iter().map(place).collect(),
    )
}

fn parallel(found: &Trials, weights: &[Importance]) -> Figure {
    // The best are kept and drawn last.
    let mut ranked: Vec<(usize, f64)> = found
        .trials
        .iter()
        .enumerate()
        .filter_map(|(at, trial)| Some((at, trial.score?)))
        .collect();
    ranked.sort_by(|a, b| match found.lowest_is_best {
        true => b.1.total_cmp(&a.1),
        false => a.1.total_cmp(&b.1),
    });
    let all = ranked.len();
    let ranked = &ranked[all.saturating_sub(MOST_LINES)..];
    let mut keys: Vec<&str> = weights.iter().map(|one| one.key.as_str()).collect();
    if keys.is_empty() {
        keys = found.keys.iter().map(String::as_str).collect();
    }
    let left_out = keys.len().saturating_sub(MOST_AXES);
    keys.truncate(MOST_AXES);
    let mut data = Data {
        columns: std::iter::once("trial")
            .chain(keys.iter().copied())
            .map(str::to_owned)
            .collect(),
        rows: Vec::new(),
    };
    data.columns.push(found.metric.clone());
    let value = |at: usize, key: &str| {
        let column = found.keys.iter().position(|other| other == key);
        column.map_or("", |column| found.trials[at].params[column].as_str())
    };
    let (mut axes, mut places) = (Vec::new(), Vec::new());
    for key in &keys {
        let values: Vec<&str> = ranked.iter().map(|(at, _)| value(*at, key)).collect();
        let (axis, placed) = placed(key, &values);
        axes.push(axis);
        places.push(placed);
    }
    let score = Axis::around(&found.metric, ranked.iter().map(|(_, score)| *score));
    axes.push(ParallelAxis {
        label: found.metric.clone(),
        ticks: score
            .ticks()
            .into_iter()
            .map(|(v, text)| (score.place(v), text))
            .collect(),
    });
    places.push(
        ranked
            .iter()
            .map(|(_, value)| Some(score.place(*value)))
            .collect(),
    );
    let best = found.best();
    let mut lines: Vec<ParallelLine> = Vec::new();
    for (row, (at, value_of_trial)) in ranked.iter().enumerate() {
        let mut cells = vec![Cell::text(&found.trials[*at].number)];
        cells.extend(keys.iter().map(|key| Cell::text(value(*at, key))));
        cells.push(Cell::Number(*value_of_trial));
        data.push(cells);
        lines.push(ParallelLine {
            places: places.iter().map(|axis| axis[row]).collect(),
            rank: row as f64 / ranked.len() as f64,
            best: Some(*at) == best,
            row,
        });
    }
    lines.sort_by_key(|line| line.best);
    let chart = ParallelChart {
        id: "parallel-0".to_owned(),
        title: "Settings and score of each trial".to_owned(),
        description: format!(
            "Parallel coordinates of {} trials over {}; better trials are darker or brighter, the best is the thick line.",
            lines.len(),
            keys.join(", ")
        ),
        axes,
        lines,
    };
    let mut caption =
        "Each line is a trial; the stronger its colour, the better its score. The thick line is the best.".to_owned();
    if all > MOST_LINES {
        caption.push_str(&format!(" The best {MOST_LINES} of {all} trials."));
    }
    if left_out > 0 {
        caption.push_str(&format!(
            " The {left_out} least important settings are left out; the table of trials has them."
        ));
    }
    Figure {
        id: "parallel",
        title: "Parallel coordinates".to_owned(),
        caption,
        legend: Vec::<Legend>::new(),
        charts: vec![chart.into()],
        wide: true,
        data,
    }
}
