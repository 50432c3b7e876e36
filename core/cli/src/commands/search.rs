//! `protea search`.

use protea_core::{
    contracts::metrics::Direction,
    experiment::{GroupedRun, Search, SearchResult, Setting, Strategy, Trial},
    text::escape_line,
    workspace::RUN_MANIFEST,
};
use serde_json::{Value, json};

use super::{
    data_needs,
    run::{both_or_none, given_or_example},
    run_report::grouped_json,
    run_setup::{Session, resumable, with_many_options},
};
use crate::{
    args::SearchArgs,
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, Table, display_path, number, relative_to},
    spec,
};

/// The most trials in the printed table; search.tsv in the run's directory has all of them.
const MOST_ROWS: usize = 20;

/// Searches for the best settings.
pub fn search(args: &SearchArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let base = spec::read(args.spec.spec.as_deref(), &args.spec.single())?;
    let search = search_from(args, base.clone())?;
    check_fixed(args)?;
    let datasets = both_or_none(args.train.as_deref(), args.eval.as_deref())?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    search.check(session.runner())?;
    note_repetitions(args, &search, reporter);
    let data = given_or_example(datasets, reporter)?;
    let (train, eval) = (session.dataset(&data.train)?, session.dataset(&data.eval)?);
    data_needs::check(session.runner(), &base, &train, &eval)?;
    data_needs::warn_of_the_same(&train, &eval, reporter);
    let name = format!("{}/search", session.runner().name());
    let found = resumable(&args.many, "trials", || {
        session.experiment(|experiment| {
            with_many_options(experiment, &args.many).search(name, &search, &train, &eval)
        })
    })?;

    let (runner, result) = (&session.runner().entry().descriptor, &found.value);
    let text = format!(
        "{} {} · {} trials ({}) by {} · trained on {} · scored on {}{}\n\n{}\n{}",
        runner.name,
        runner.version,
        result.trials.len(),
        result.strategy,
        result.metric,
        escape_line(&train.name),
        escape_line(&eval.name),
        data.remark,
        table(result),
        ending(&found),
    );
    Ok(Report {
        text,
        json: json(&found),
    })
}

fn search_from(args: &SearchArgs, base: Value) -> Result<Search, Failure> {
    let strategy = match (args.random, args.tpe) {
        (Some(trials), _) => Strategy::Random { trials },
        (None, Some(trials)) => Strategy::Tpe {
            trials,
            generation: args.generation,
        },
        (None, None) => Strategy::Grid,
    };
    let mut search = Search::new(strategy).with_base(base);
    for text in args.grid.iter().chain(&args.space) {
        search = search.with_setting(text.parse::<Setting>()?);
    }
    if let Some(metric) = &args.metric {
        search = search.with_metric(metric);
    }
    Ok(search)
}

/// Says how many trials must repeat others because there are fewer different ones.
fn note_repetitions(args: &SearchArgs, search: &Search, reporter: &Reporter) {
    let (Some(trials), Some(different)) = (args.random.or(args.tpe), search.combinations()) else {
        return;
    };
    if let Some(repeated) = (trials as u128).checked_sub(different).filter(|n| *n > 0) {
        reporter.note(&format!(
            "the values allow {different} different trials: at least {repeated} of the {trials} \
             repeat others, which costs no time"
        ));
    }
}

/// Fails if a setting is both fixed and searched over. A file of settings may have other values of
/// what a search varies.
fn check_fixed(args: &SearchArgs) -> Result<(), Failure> {
    let fixed = spec::read(None, &args.spec.single())?;
    let searched = [("--grid", &args.grid), ("--space", &args.space)];
    for (option, text) in searched
        .iter()
        .flat_map(|(option, texts)| texts.iter().map(move |text| (option, text)))
    {
        let setting: Setting = text.parse()?;
        if let Some(value) = fixed.pointer(&setting.pointer()) {
            let key = setting.key();
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "{key} is fixed to {} and also searched over with {option} {text}; give one of \
                     them",
                    plain(value)
                ),
            ));
        }
    }
    Ok(())
}

/// The trials, best first, those without a score last.
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
    for trial in trials.iter().take(MOST_ROWS) {
        let score = trial.score.map_or_else(|| "-".to_owned(), number);
        let note = match (&trial.error, trial.origin.name()) {
            (Some(error), _) => shortened(error),
            (None, "computed") => String::new(),
            (None, "taken_over") => "reused".to_owned(),
            (None, origin) => origin.replace('_', " "),
        };
        let params = trial.params.values().map(plain);
        let row = [trial.number.to_string(), score].into_iter();
        table.row(row.chain(params).chain([number(trial.seconds), note]));
    }
    let mut text = table.to_string();
    if trials.len() > MOST_ROWS {
        text.push_str(&format!("… the best {MOST_ROWS} of {}\n", trials.len()));
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
    for (count, outcome) in [
        (result.taken_over, "reused from earlier runs"),
        (result.failed, "without a score"),
    ] {
        if count > 0 {
            let trials = result.trials.len();
            lines.add("", format!("{count} of {trials} trials {outcome}"));
        }
    }
    lines.add("run", found.manifest.run_id.as_str());
    lines.add("  directory", display_path(&found.directory));
    lines.add("  table", relative_to(&found.directory, &result.table));
    lines.add("  manifest", RUN_MANIFEST);
    lines.to_string()
}

fn json(found: &GroupedRun<SearchResult>) -> Value {
    let mut object = grouped_json(found);
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

/// The first line, cut to the width of a column.
fn shortened(text: &str) -> String {
    const MOST_CHARACTERS: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(MOST_CHARACTERS) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}
