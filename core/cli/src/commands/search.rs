//! `protea search`.

use protea_core::{
    contracts::metrics::Direction,
    experiment::{GroupedRun, Search, SearchResult, Setting, Strategy, Trial},
    workspace::RUN_MANIFEST,
};
use serde_json::{Value, json};

use super::{
    run::{both_or_none, given_or_example},
    session::{Session, many},
};
use crate::{
    args::SearchArgs,
    failure::Failure,
    output::{Lines, Report, Reporter, Table, number, relative_to, shown},
    spec,
};

/// So many trials are shown; the table in the run's directory has all.
const SHOWN: usize = 20;

/// Searches for the best settings.
pub fn search(args: &SearchArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let search = wanted(args)?;
    let given = both_or_none(args.train.as_deref(), args.eval.as_deref())?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    search.check(session.runner())?;
    let (train, eval) = given_or_example(given, reporter)?;
    let (train, eval) = (session.dataset(&train)?, session.dataset(&eval)?);
    let name = format!("{}/search", session.runner().name());
    let found = session.experiment(|experiment| {
        many(experiment, &args.many).search(name, &search, &train, &eval)
    })?;

    let (runner, result) = (&session.runner().entry().descriptor, &found.value);
    let text = format!(
        "{} {} · {} trials ({}) by {} · trained on {} · scored on {}\n\n{}\n{}",
        runner.name,
        runner.version,
        result.trials.len(),
        result.strategy,
        result.metric,
        train.name,
        eval.name,
        table(result),
        ending(&found),
    );
    Ok(Report {
        text,
        json: json(&found),
    })
}

fn wanted(args: &SearchArgs) -> Result<Search, Failure> {
    let strategy = match (args.random, args.tpe) {
        (Some(trials), _) => Strategy::Random { trials },
        (None, Some(trials)) => Strategy::Tpe {
            trials,
            generation: args.generation,
        },
        (None, None) => Strategy::Grid,
    };
    let base = spec::read(args.spec.spec.as_deref(), &args.spec.set)?;
    let mut search = Search::new(strategy).with_base(base);
    for text in args.grid.iter().chain(&args.space) {
        search = search.over(text.parse::<Setting>()?);
    }
    if let Some(metric) = &args.metric {
        search = search.by(metric);
    }
    Ok(search)
}

/// The best trials, best first, then those without a score.
fn table(result: &SearchResult) -> String {
    let mut trials: Vec<&Trial> = result.trials.iter().collect();
    let loss = |trial: &Trial| match (trial.score, result.direction) {
        (None, _) => f64::INFINITY,
        (Some(score), Direction::HigherIsBetter) => -score,
        (Some(score), Direction::LowerIsBetter) => score,
    };
    trials.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
    let keys = result.best.params.keys().map(String::as_str);
    let headings = ["trial", &result.metric].into_iter().chain(keys);
    let mut table = Table::new(0..2, headings.chain(["seconds", ""]));
    for trial in trials.iter().take(SHOWN) {
        let score = trial.score.map_or_else(|| "-".to_owned(), number);
        let note = match (&trial.error, trial.origin.name()) {
            (Some(error), _) => shortened(error),
            (None, "computed") => String::new(),
            (None, origin) => origin.replace('_', " "),
        };
        let params = trial.params.values().map(plain);
        let row = [trial.number.to_string(), score].into_iter();
        table.row(row.chain(params).chain([number(trial.seconds), note]));
    }
    let mut text = table.to_string();
    if trials.len() > SHOWN {
        text.push_str(&format!("… the best {SHOWN} of {}\n", trials.len()));
    }
    text
}

fn ending(found: &GroupedRun<SearchResult>) -> String {
    let result = &found.value;
    let mut lines = Lines::default();
    let params = result.best.params.iter();
    let params: Vec<String> = params
        .map(|(key, v)| format!("{key}={}", plain(v)))
        .collect();
    let score = result.best.score.map(number).unwrap_or_default();
    let best = format!("{} ({} {score})", params.join(" "), result.metric);
    lines.add("best", best);
    for (count, what) in [
        (result.taken_over, "taken over from earlier runs"),
        (result.failed, "without a score"),
    ] {
        if count > 0 {
            let trials = result.trials.len();
            lines.add("", format!("{count} of {trials} trials {what}"));
        }
    }
    lines.add("run", shown(&found.directory));
    lines.add("  table", relative_to(&found.directory, &result.table));
    lines.add("  manifest", RUN_MANIFEST);
    lines.to_string()
}

fn json(found: &GroupedRun<SearchResult>) -> Value {
    let mut object = super::session::grouped_json(found);
    let result = json!(found.value);
    if let (Value::Object(object), Value::Object(result)) = (&mut object, result) {
        object.extend(result);
    }
    object
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The first line, as far as it fits beside a table.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(MOST) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}
