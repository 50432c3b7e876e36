//! `protea cv`.

use std::{ops::ControlFlow, path::PathBuf};

use protea_cafa::dataset::{FoldPlace, Folds, FoldsRequest, FrozenDataset, Grouping, folds};
use protea_core::{
    Runner,
    contracts::metrics::Direction,
    dataset,
    experiment::{CrossValidation, Fold, GroupedRun, MetricSpread},
    workspace::RUN_MANIFEST,
};
use serde_json::{Value, json};

use super::session::{Session, ended_by_user, grouped_json, many};
use crate::{
    args::CvArgs,
    example_data,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, count, number, relative_to, shown},
    spec,
};

/// With more folds only mean and deviation are shown.
const SHOWN: usize = 10;

/// Cross-validates.
pub fn cv(args: &CvArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.set)?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    session.check_spec(&spec)?;
    let data = match &args.data {
        Some(data) => data.clone(),
        None => {
            let train = shown(&example_data::find()?.train);
            reporter.note(&format!(
                "no --data given: using the example data in {train}"
            ));
            train
        }
    };
    let data = session.dataset(&data)?;
    let place = protea_core::store::local_path(&data.uri)?;
    let made = make(args, &FrozenDataset::open(&place)?, reporter)?;
    let staged = stage(&made, reporter)?;
    let name = format!("{}/cv", session.runner().name());
    let found = session.experiment(|experiment| {
        many(experiment, &args.many).cross_validate(name, &spec, &staged)
    })?;

    let runner = &session.runner().entry().descriptor;
    let text = format!(
        "{} {} · {} folds of {} ({})\n\n{}\n{}",
        runner.name,
        runner.version,
        made.folds.len(),
        data.name,
        sizes(args, &made),
        table(session.runner(), &found.value),
        ending(&found, &made),
    );
    let mut object = grouped_json(&found);
    if let (Value::Object(object), Value::Object(result)) = (&mut object, json!(found.value)) {
        object.extend(result);
        object.insert("dataset".to_owned(), json!(data));
        object.insert("groups".to_owned(), json!(made.groups));
        object.insert(
            "datasets".to_owned(),
            json!(made.directory.to_string_lossy()),
        );
    }
    Ok(Report { text, json: object })
}

/// Makes the folds in the workspace, or finds them there.
fn make(args: &CvArgs, data: &FrozenDataset, reporter: &Reporter) -> Result<Folds, Failure> {
    let request = FoldsRequest {
        folds: args.folds,
        seed: args.execution.seed,
        grouping: match args.group_by.as_deref() {
            None => Grouping::None,
            Some("taxon") => Grouping::Taxon,
            Some(file) => Grouping::Clusters(PathBuf::from(file)),
        },
    };
    let workspace = &args.execution.workspace.workspace;
    let workspace = std::path::absolute(workspace).unwrap_or_else(|_| workspace.clone());
    let mut watch = |done: usize, total: usize| {
        if done == 0 {
            reporter.start("writing folds");
        }
        reporter.progress(done as u64, total as u64);
        match interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let made = folds(data, &request, &workspace.join(".protea/folds"), &mut watch);
    reporter.abandon();
    Ok(made?)
}

fn stage(made: &Folds, reporter: &Reporter) -> Result<Vec<Fold>, Failure> {
    reporter.start("checking folds");
    let one = |place: &FoldPlace| {
        ended_by_user()?;
        Ok(Fold {
            train: dataset::stage(&place.train.to_string_lossy())?,
            eval: dataset::stage(&place.eval.to_string_lossy())?,
        })
    };
    let staged = made.folds.iter().map(one).collect();
    reporter.abandon();
    staged
}

fn sizes(args: &CvArgs, made: &Folds) -> String {
    let sizes = made.folds.iter().map(|fold| fold.proteins);
    let (least, most) = (sizes.clone().min(), sizes.max());
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
    let proteins = match least == most {
        true => format!("{} proteins each", count(least as u64)),
        false => format!(
            "{} to {} proteins each",
            count(least as u64),
            count(most as u64)
        ),
    };
    match &args.group_by {
        None => proteins,
        Some(by) => format!("{proteins}, {} groups by {by}", count(made.groups as u64)),
    }
}

/// One row for each metric that the runner declares, then its mean, deviation and folds.
fn table(runner: &Runner, found: &CrossValidation) -> String {
    let declared = &runner.capabilities().metrics.metrics;
    let folds = match found.folds.len() {
        shown @ 0..=SHOWN => shown,
        _ => 0,
    };
    let headings = ["", "mean", "std"].map(str::to_owned).into_iter();
    let mut table = Table::new(
        1..,
        headings.chain((0..folds).map(|fold| format!("fold {fold}"))),
    );
    for metric in &found.metrics {
        let own = metric.name.rsplit('.').next().unwrap_or_default();
        if !declared.iter().any(|declared| declared.name == own) {
            continue;
        }
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        let of_fold = |fold: usize| {
            let mut at = Value::Object(found.folds[fold].metrics.clone());
            for key in metric.name.split('.') {
                at = at.get(key).cloned().unwrap_or_default();
            }
            cell(at.as_f64())
        };
        let first = [
            metric.name.clone(),
            cell(Some(metric.mean)),
            cell(metric.deviation),
        ];
        table.row(first.into_iter().chain((0..folds).map(of_fold)));
    }
    let mut text = table.to_string();
    let lower = declared.iter().filter(|metric| {
        let own = format!(".{}", metric.name);
        let returned =
            |found: &MetricSpread| found.name == metric.name || found.name.ends_with(&own);
        metric.direction == Direction::LowerIsBetter && found.metrics.iter().any(returned)
    });
    let lower: Vec<&str> = lower.map(|metric| &*metric.name).collect();
    if !lower.is_empty() {
        text.push_str(&format!("lower is better for {}\n", lower.join(", ")));
    }
    text
}

fn ending(found: &GroupedRun<CrossValidation>, made: &Folds) -> String {
    let mut lines = Lines::default();
    let taken_over = found.value.taken_over;
    if taken_over > 0 {
        let folds = found.value.folds.len();
        let text = format!("{taken_over} of {folds} folds taken over from earlier runs");
        lines.add("", text);
    }
    lines.add("run", shown(&found.directory));
    let table = relative_to(&found.directory, &found.value.table);
    lines.add("  table", table);
    lines.add("  manifest", RUN_MANIFEST);
    lines.add("folds", shown(&made.directory));
    lines.to_string()
}
