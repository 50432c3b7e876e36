//! The report of a benchmark: all contenders together.

use protea_cafa::{
    prediction::{PREDICTIONS, predictions_in},
    scoring::Predictions,
};
use protea_core::{Workspace, workspace::RecordedRun};

use super::{
    children::{Child, children, children_table},
    wins,
};
use crate::{
    Cancelled,
    analysis::{Curve, Method, Opened, ScoreError, aspect_order, score},
    chart::{Axis, COLOURS, IntervalChart, IntervalRow},
    data::{Cell, Data},
    figure::{Figure, Legend, Table},
    page::Page,
    progress::Progress,
    read::TextTable,
    run::{error, log, precision_recall, provenance, uncertainty},
    text::number,
};

/// A row of the benchmark's table, as the benchmark computed it.
struct Line {
    contender: String,
    aspect: String,
    proteins: Option<f64>,
    fmax: Option<f64>,
    interval: Option<[f64; 2]>,
    difference: Option<f64>,
    difference_interval: Option<[f64; 2]>,
    p_value: Option<f64>,
    others: Vec<Option<f64>>,
    run_id: String,
    error: String,
}

/// The further columns of the table.
const OTHERS: [&str; 6] = [
    "auc_pr",
    "coverage",
    "wfmax",
    "smin",
    "f_micro_w",
    "seconds",
];

/// Adds the sections.
pub fn benchmark_page(
    page: &mut Page,
    workspace: &Workspace,
    run: &RecordedRun,
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    page.section("scores", "Scores");
    error(page, run);
    let lines = match TextTable::read(&run.directory.join("benchmark.tsv")) {
        Ok((table, dropped)) => {
            if dropped > 0 {
                page.note(&format!("{dropped} rows of benchmark.tsv have another number of cells than the header and are left out."));
            }
            lines(&table)
        }
        Err(reason) => {
            page.note(&format!(
                "The table benchmark.tsv cannot be read: {reason}. A benchmark that has not ended does not have it."
            ));
            Vec::new()
        }
    };
    let reused: Vec<&str> = lines.iter().map(|line| line.run_id.as_str()).collect();
    let children = children(workspace, run, &reused);
    let names = names(&lines, &children);
    let colours = |name: &str| colour(&names, name);
    if !lines.is_empty() {
        let bootstrap = &run.manifest.spec["bootstrap"];
        page.figure(intervals(&lines, &colours, bootstrap));
        page.table(table(&lines));
    }
    for line in lines.iter().filter(|line| !line.error.is_empty()) {
        page.note(&format!("{} has no scores: {}", line.contender, line.error));
    }
    let mut notes = Vec::new();
    let (methods, curves) = compared(&mut notes, &names, &lines, &children, progress)?;
    notes.iter().for_each(|note| page.note(note));
    if !curves.is_empty() {
        page.section("curves", "Curves");
        let curves: Vec<&Curve> = curves.iter().collect();
        page.figure(precision_recall(&curves, &colours));
        page.figure(uncertainty(&curves, &colours));
    }
    if methods.len() > 1 {
        page.section("wins", "Wins and losses by protein");
        wins::section(page, &methods);
    }
    page.section("runs-section", "Runs");
    page.table(children_table(&children));
    provenance(page, run);
    log(page, run);
    Ok(())
}

fn lines(table: &TextTable) -> Vec<Line> {
    let pair = |low: Option<f64>, high: Option<f64>| Some([low?, high?]);
    let rows = table.rows().take(10_000);
    rows.map(|row| Line {
        contender: row.text("runner").to_owned(),
        aspect: row.text("aspect").to_owned(),
        proteins: row.number("proteins"),
        fmax: row.number("fmax"),
        interval: pair(row.number("fmax_low"), row.number("fmax_high")),
        difference: row.number("difference"),
        difference_interval: pair(row.number("difference_low"), row.number("difference_high")),
        p_value: row.number("p_value"),
        others: OTHERS.map(|name| row.number(name)).to_vec(),
        run_id: row.text("run_id").to_owned(),
        error: row.text("error").to_owned(),
    })
    .collect()
}

/// The contenders in the order of the table, then of the runs.
fn names(lines: &[Line], children: &[Child]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let all = lines.iter().map(|line| &line.contender);
    let all = all.chain(children.iter().map(|child| &child.name));
    for name in all {
        let is_listed = lines.is_empty() || lines.iter().any(|line| line.contender == *name);
        if is_listed && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// naive is grey; others have colours in their order, dashed when these are used up.
fn colour(names: &[String], name: &str) -> (usize, bool) {
    if name == "naive" {
        return (COLOURS - 1, true);
    }
    let others = names.iter().filter(|other| *other != "naive");
    let at = others
        .into_iter()
        .position(|other| other == name)
        .unwrap_or(0);
    (at % (COLOURS - 1), at >= COLOURS - 1)
}

fn aspects(lines: &[Line]) -> Vec<&str> {
    let named = lines.iter().filter(|line| line.fmax.is_some());
    let mut aspects: Vec<&str> = named.map(|line| line.aspect.as_str()).collect();
    aspects.sort_by_cached_key(|aspect| aspect_order(aspect));
    aspects.dedup();
    aspects
}

fn intervals(
    lines: &[Line],
    colours: &dyn Fn(&str) -> (usize, bool),
    bootstrap: &serde_json::Value,
) -> Figure {
    let mut data = Data::new(["contender", "aspect", "fmax", "low", "high"]);
    let mut charts = Vec::new();
    for (at, aspect) in aspects(lines).into_iter().enumerate() {
        let mut rows = Vec::new();
        for line in lines.iter().filter(|line| line.aspect == aspect) {
            let Some(fmax) = line.fmax else {
                continue;
            };
            data.push([
                Cell::text(&line.contender),
                Cell::text(aspect),
                Cell::Number(fmax),
                Cell::optional(line.interval.map(|[low, _]| low)),
                Cell::optional(line.interval.map(|[_, high]| high)),
            ]);
            rows.push(IntervalRow {
                label: line.contender.clone(),
                colour: colours(&line.contender).0,
                value: fmax,
                interval: line.interval,
            });
        }
        let ends = rows
            .iter()
            .flat_map(|row| row.interval.unwrap_or([row.value; 2]));
        let listed: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row.label, number(row.value)))
            .collect();
        let chart = IntervalChart {
            id: format!("fmax-{at}"),
            title: aspect.to_owned(),
            description: format!("Fmax in {aspect}: {}.", listed.join(", ")),
            x: Axis::around("Fmax", ends),
            rows,
        };
        charts.push(chart.into());
    }
    let how = match (
        bootstrap["confidence"].as_f64(),
        bootstrap["resamples"].as_u64(),
    ) {
        (Some(confidence), Some(resamples)) => format!(
            "Intervals hold {} % of {resamples} bootstrap resamples over proteins. ",
            confidence * 100.0
        ),
        _ => String::new(),
    };
    Figure {
        id: "fmax",
        title: "Fmax by aspect".to_owned(),
        caption: format!("{how}The axes do not begin at 0."),
        legend: Vec::<Legend>::new(),
        charts,
        wide: false,
        data,
    }
}

fn table(lines: &[Line]) -> Table {
    let mut data = Data {
        columns: [
            "contender",
            "aspect",
            "proteins",
            "Fmax",
            "low",
            "high",
            "to best",
            "diff. low",
            "diff. high",
            "p",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: Vec::new(),
    };
    data.columns.extend(OTHERS.map(str::to_owned));
    for aspect in aspects(lines) {
        for line in lines.iter().filter(|line| line.aspect == aspect) {
            let proteins = line
                .proteins
                .map_or(Cell::Missing, |n| Cell::Count(n as u64));
            let ends = |interval: Option<[f64; 2]>| {
                [interval.map(|[low, _]| low), interval.map(|[_, high]| high)].map(Cell::optional)
            };
            let mut row = vec![
                Cell::text(&line.contender),
                Cell::text(aspect),
                proteins,
                Cell::optional(line.fmax),
            ];
            row.extend(ends(line.interval));
            row.push(Cell::optional(line.difference));
            row.extend(ends(line.difference_interval));
            row.push(Cell::optional(line.p_value));
            row.extend(line.others.iter().map(|value| Cell::optional(*value)));
            data.push(row);
        }
    }
    Table::new("benchmark-table", "Contenders by aspect", data).with_note(
        "From benchmark.tsv. <em>to best</em> is the difference of Fmax to the best contender of the aspect, resampled in pairs, with its interval and two-sided p-value; the best itself has none. Lower is better for <code>smin</code>.",
    )
}

/// Fmax of all contenders with their intervals, as the benchmark wrote it.
///
/// # Errors
///
/// Why its table cannot be read.
pub fn benchmark_intervals(run: &RecordedRun) -> Result<Figure, String> {
    let (table, _) = TextTable::read(&run.directory.join("benchmark.tsv"))?;
    let lines = lines(&table);
    let names = names(&lines, &[]);
    let colours = |name: &str| colour(&names, name);
    Ok(intervals(&lines, &colours, &run.manifest.spec["bootstrap"]))
}

/// The curves of all contenders in their order. What cannot be read becomes a note.
///
/// # Errors
///
/// [`Cancelled`].
pub fn benchmark_curves(
    workspace: &Workspace,
    run: &RecordedRun,
    notes: &mut Vec<String>,
    progress: &mut Progress<'_>,
) -> Result<Vec<Curve>, Cancelled> {
    let read = TextTable::read(&run.directory.join("benchmark.tsv"));
    let lines = read.map(|(table, _)| lines(&table)).unwrap_or_default();
    let reused: Vec<&str> = lines.iter().map(|line| line.run_id.as_str()).collect();
    let children = children(workspace, run, &reused);
    let names = names(&lines, &children);
    let (_, curves) = compared(notes, &names, &lines, &children, progress)?;
    Ok(curves)
}

/// Scores all contenders again, to count wins; without the dataset only their curves are read.
fn compared(
    notes: &mut Vec<String>,
    names: &[String],
    lines: &[Line],
    children: &[Child],
    progress: &mut Progress<'_>,
) -> Result<(Vec<Method>, Vec<Curve>), Cancelled> {
    let run_of = |name: &String| -> Option<&RecordedRun> {
        let id = lines
            .iter()
            .find(|line| line.contender == *name && !line.run_id.is_empty());
        let child = children.iter().find(|child| match id {
            Some(line) => *child.head.run_id == *line.run_id,
            None => child.name == *name,
        });
        child?.run.as_ref()
    };
    let runs: Vec<(&String, &RecordedRun)> = names
        .iter()
        .filter_map(|name| Some((name, run_of(name)?)))
        .collect();
    let Some((_, first)) = runs.first() else {
        return Ok((Vec::new(), Vec::new()));
    };
    progress.start("reading the dataset")?;
    let eval = first.dataset("eval").map_err(|error| error.to_string());
    let eval = eval.and_then(|eval| Opened::open(&eval));
    let reference = eval
        .as_ref()
        .map_err(Clone::clone)
        .and_then(Opened::reference);
    let (mut methods, mut curves) = (Vec::new(), Vec::new());
    if let Err(reason) = &reference {
        notes.push(format!(
            "The dataset that contenders were scored on cannot be used: {reason}. Therefore, wins by protein are unknown, and curves have three decimals."
        ));
    }
    let total = runs.len();
    for (done, (name, run)) in runs.into_iter().enumerate() {
        let Some(directory) = &run.manifest.artifacts.predictions else {
            continue;
        };
        let scored = reference.as_ref().ok().zip(predictions_in(directory));
        let scored = scored.map(|(reference, path)| {
            let read = Predictions::read(&path, reference.truth(), PREDICTIONS);
            let mut watch = |_, _| progress.tell("scoring", done, total);
            read.map_err(ScoreError::from)
                .and_then(|predictions| score(name, reference, &predictions, None, &mut watch))
        });
        if progress.tell("scoring", done + 1, total).is_break() {
            return Err(Cancelled);
        }
        match scored {
            Some(Ok(method)) => {
                let own = method.aspects.iter();
                curves.extend(own.map(|result| {
                    Curve::from_evaluation(name, &result.aspect, &result.evaluation)
                }));
                methods.push(method);
            }
            Some(Err(ScoreError::Cancelled)) => return Err(Cancelled),
            Some(Err(ScoreError::Failed(reason))) => {
                notes.push(format!(
                    "The predictions of {name} cannot be scored: {reason}."
                ));
            }
            None => match Curve::read(name, directory) {
                Ok(read) => curves.extend(read),
                Err(reason) => notes.push(format!("{name} has no curve: {reason}.")),
            },
        }
    }
    Ok((methods, curves))
}
