//! `protea cv`.

use std::path::{Path, PathBuf};

use protea_cafa::dataset::{FoldPlace, Folds, FoldsRequest, FrozenDataset, Grouping, folds};
use protea_core::{
    Runner,
    contracts::metrics::Direction,
    dataset,
    experiment::{CrossValidation, Fold, GroupedRun, MetricSpread, RunOptions},
    workspace::RUN_MANIFEST,
};
use serde_json::{Value, json};

use super::{
    data_needs,
    freeze::{examples, taxa},
    run::EXAMPLE,
    run_report::grouped_json,
    run_setup::{Session, fail_if_cancelled, location_of, resumable, with_many_options},
};
use crate::{
    args::CvArgs,
    example_data,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, count, display_path, number, relative_to},
    spec,
};

/// The most folds that get a column of their own; beyond that only mean and deviation are shown.
const MOST_COLUMNS: usize = 10;

/// Cross-validates a runner on one dataset.
pub fn cv(args: &CvArgs, reporter: &Reporter) -> Result<Report, Failure> {
    grouping(args)?;
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.single())?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    let spec = session.resolve_spec(&spec)?;
    let (data, remark) = match &args.data {
        Some(data) => (data.clone(), ""),
        None => {
            let train = example_data::find()?.train;
            reporter.note(&format!(
                "no --data: using the example data in {}",
                display_path(&train)
            ));
            (location_of(&train), EXAMPLE)
        }
    };
    let data = session.dataset(&data)?;
    data_needs::check(session.runner(), spec.as_value(), &data, &data)?;
    let place = protea_core::store::local_path(&data.uri)?;
    let folds = make_folds(args, &FrozenDataset::open(&place)?, reporter)?;
    let staged = stage(&folds, reporter)?;
    let mut options =
        RunOptions::new(format!("{}/cv", session.runner().name())).with_dataset("data", &data);
    for (name, value) in [("group_by", &args.group_by), ("rank", &args.rank)] {
        if let Some(value) = value {
            options = options.with_param(name, json!(value));
        }
    }
    let found = resumable(&args.many, "folds", || {
        session.experiment(|experiment| {
            with_many_options(experiment, &args.many).cross_validate(options, &spec, &staged)
        })
    })?;

    let runner = &session.runner().entry().descriptor;
    let text = format!(
        "{} {} · {} folds of {}{remark} ({})\n\n{}\n{}",
        runner.name,
        runner.version,
        folds.folds.len(),
        data.name,
        sizes(args, &folds),
        table(session.runner(), &found.value),
        ending(&found, &folds),
    );
    let mut object = grouped_json(&found);
    if let (Value::Object(object), Value::Object(result)) = (&mut object, json!(found.value)) {
        object.extend(result);
        object.insert("dataset".to_owned(), json!(data));
        object.insert("groups".to_owned(), json!(folds.groups));
        object.insert("without_rank".to_owned(), json!(folds.without_rank));
        object.insert(
            "datasets".to_owned(),
            json!(folds.directory.to_string_lossy()),
        );
    }
    Ok(Report { text, json: object })
}

/// Which proteins stay in one fold.
fn grouping(args: &CvArgs) -> Result<Grouping, Failure> {
    let usage = |text| Err(Failure::new(Exit::Usage, text));
    match (args.group_by.as_deref(), &args.rank) {
        (Some("clade"), Some(rank)) => Ok(Grouping::Clade(rank.clone())),
        (Some("clade"), None) => {
            usage("--group-by clade needs the rank of the clades, such as --rank family")
        }
        (_, Some(_)) => usage("--rank is only for --group-by clade"),
        (None, None) => Ok(Grouping::None),
        (Some("taxon"), None) => Ok(Grouping::Taxon),
        (Some(file), None) if !Path::new(file).exists() && is_like(file, "taxon") => {
            usage("--group-by takes taxon, clade, or a file that exists; did you mean taxon?")
        }
        (Some(file), None) => Ok(Grouping::Clusters(PathBuf::from(file))),
    }
}

/// Whether a word that is not a file is probably a misspelt keyword.
fn is_like(word: &str, keyword: &str) -> bool {
    strsim::jaro_winkler(&word.to_lowercase(), keyword) > 0.8
}

/// Writes the folds to the workspace, or finds them there.
fn make_folds(args: &CvArgs, data: &FrozenDataset, reporter: &Reporter) -> Result<Folds, Failure> {
    let request = FoldsRequest {
        folds: args.folds,
        seed: args.execution.seed,
        grouping: grouping(args)?,
    };
    let workspace = &args.execution.workspace.workspace;
    let workspace = std::path::absolute(workspace).unwrap_or_else(|_| workspace.clone());
    let mut watch = |done: usize, total: usize| {
        if done == 0 {
            reporter.start("writing folds");
        }
        reporter.progress(done as u64, total as u64);
        interrupt::continue_unless_requested()
    };
    let made = folds(data, &request, &workspace.join(".protea/folds"), &mut watch);
    reporter.abandon();
    let made = made?;
    if made.without_rank.count > 0 {
        reporter.warn(&format!(
            "without an ancestor of this rank: {}, each of which counts as a separate clade ({})",
            taxa(made.without_rank.count),
            examples(&made.without_rank)
        ));
    }
    Ok(made)
}

fn stage(folds: &Folds, reporter: &Reporter) -> Result<Vec<Fold>, Failure> {
    reporter.start("checking folds");
    let stage_fold = |place: &FoldPlace| {
        fail_if_cancelled()?;
        Ok(Fold {
            train: dataset::stage(&location_of(&place.train))?,
            eval: dataset::stage(&location_of(&place.eval))?,
        })
    };
    let staged = folds.folds.iter().map(stage_fold).collect();
    reporter.abandon();
    staged
}

fn sizes(args: &CvArgs, folds: &Folds) -> String {
    let sizes = folds.folds.iter().map(|fold| fold.proteins);
    let smallest = sizes.clone().min().unwrap_or(0);
    let largest = sizes.max().unwrap_or(0);
    let proteins = if smallest == largest {
        format!("{} proteins each", count(smallest as u64))
    } else {
        format!(
            "{} to {} proteins each",
            count(smallest as u64),
            count(largest as u64)
        )
    };
    match &args.group_by {
        None => proteins,
        Some(by) => {
            let rank = args.rank.as_ref().map(|rank| format!(" ({rank})"));
            let groups = count(folds.groups as u64);
            format!(
                "{proteins}, {groups} groups by {by}{}",
                rank.unwrap_or_default()
            )
        }
    }
}

/// One row for each metric that the runner declares, then its mean, deviation and folds.
fn table(runner: &Runner, found: &CrossValidation) -> String {
    let declared = &runner.capabilities().metrics.metrics;
    let folds = match found.folds.len() {
        folds @ 0..=MOST_COLUMNS => folds,
        _ => 0,
    };
    let headings = ["", "mean", "std"].map(str::to_owned).into_iter();
    let mut table = Table::new(
        1..,
        headings.chain((0..folds).map(|fold| format!("fold {fold}"))),
    );
    for metric in &found.metrics {
        let last_part = metric.name.rsplit('.').next().unwrap_or_default();
        if !declared.iter().any(|declared| declared.name == last_part) {
            continue;
        }
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        let value_in_fold = |fold: usize| {
            let mut value = Value::Object(found.folds[fold].metrics.clone());
            for key in metric.name.split('.') {
                value = value.get(key).cloned().unwrap_or_default();
            }
            cell(value.as_f64())
        };
        let first = [
            metric.name.clone(),
            cell(Some(metric.mean)),
            cell(metric.deviation),
        ];
        table.row(first.into_iter().chain((0..folds).map(value_in_fold)));
    }
    let mut text = table.to_string();
    let lower = declared.iter().filter(|metric| {
        let suffix = format!(".{}", metric.name);
        let returned =
            |found: &MetricSpread| found.name == metric.name || found.name.ends_with(&suffix);
        metric.direction == Direction::LowerIsBetter && found.metrics.iter().any(returned)
    });
    let lower: Vec<&str> = lower.map(|metric| &*metric.name).collect();
    if !lower.is_empty() {
        text.push_str(&format!("lower is better for {}\n", lower.join(", ")));
    }
    text
}

fn ending(found: &GroupedRun<CrossValidation>, folds: &Folds) -> String {
    let mut lines = Lines::default();
    let reused = found.value.taken_over;
    if reused > 0 {
        let all = found.value.folds.len();
        let text = format!("{reused} of {all} folds reused from earlier runs");
        lines.add("", text);
    }
    lines.add("run", found.manifest.run_id.as_str());
    lines.add("  directory", display_path(&found.directory));
    let table = relative_to(&found.directory, &found.value.table);
    lines.add("  table", table);
    lines.add("  manifest", RUN_MANIFEST);
    lines.add("folds", display_path(&folds.directory));
    lines.to_string()
}
