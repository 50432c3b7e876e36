//! `protea run`.

use protea_core::store;

use super::session::{Session, places, run_json, score_table};
use crate::{
    args::RunArgs,
    example_data::{self, ExampleData},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, shown},
    spec,
};

/// Fits, evaluates and exports.
pub fn run(args: &RunArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.set)?;
    let given = both_or_none(args.train.as_deref(), args.eval.as_deref())?;
    let output = args.output.as_deref().map(store::locate).transpose()?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    session.check_spec(&spec)?;
    let (train, eval) = given_or_example(given, reporter)?;
    let (train, eval) = (session.dataset(&train)?, session.dataset(&eval)?);
    let run = session.experiment(|experiment| {
        let experiment = experiment.clone();
        let experiment = match &output {
            Some(output) => experiment.exporting_to(output.clone()),
            None => experiment,
        };
        experiment.fit_evaluate_export(&spec, &train, &eval)
    })?;

    let runner = &session.runner().entry().descriptor;
    let text = format!(
        "{} {} · trained on {} · scored on {}\n\n{}\n{}",
        runner.name,
        runner.version,
        train.name,
        eval.name,
        score_table(session.runner(), &run),
        places(&run)
    );
    Ok(Report {
        text,
        json: run_json(session.runner(), &run),
    })
}

/// `--train` and `--eval`, which are given together or not at all.
pub fn both_or_none<'a>(
    train: Option<&'a str>,
    eval: Option<&'a str>,
) -> Result<Option<(&'a str, &'a str)>, Failure> {
    match (train, eval) {
        (Some(train), Some(eval)) => Ok(Some((train, eval))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(half_given("--train", "--eval")),
        (None, Some(_)) => Err(half_given("--eval", "--train")),
    }
}

/// The places of the datasets; without any given, of the example data.
pub fn given_or_example(
    given: Option<(&str, &str)>,
    reporter: &Reporter,
) -> Result<(String, String), Failure> {
    if let Some((train, eval)) = given {
        return Ok((train.to_owned(), eval.to_owned()));
    }
    let ExampleData { train, test } = example_data::find()?;
    let parent = train.parent().map(shown).unwrap_or_default();
    reporter.note(&format!(
        "no --train and --eval given: using the example data in {parent}"
    ));
    Ok((shown(&train), shown(&test)))
}

fn half_given(given: &str, missing: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{given} is given without {missing}; give both, or neither for the example data"),
    )
}
