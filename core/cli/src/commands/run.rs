//! `protea run`.

use std::{path::Path, sync::Once};

use protea_core::{StageDatasetError, store, text::escape_line};

use super::{
    data_needs,
    run_report::{places, run_json, score_table},
    run_setup::{Session, location_of},
};
use crate::{
    args::RunArgs,
    example_data::{self, ExampleData},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, display_path},
    spec,
};

/// Fits, evaluates and exports.
pub fn run(args: &RunArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let Some(runner) = &args.runner else {
        // The command line requires it unless a run is repeated.
        return Err(Failure::new(Exit::Usage, "give the name of a runner"));
    };
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.single())?;
    let datasets = both_or_none(args.train.as_deref(), args.eval.as_deref())?;
    let output = args.output.as_deref().map(store::locate).transpose()?;
    let session = Session::begin(runner, &args.execution, reporter)?;
    let spec = session.resolve_spec(&spec)?;
    let data = given_or_example(datasets, reporter)?;
    let (train, eval) = (session.dataset(&data.train)?, session.dataset(&data.eval)?);
    data_needs::check(session.runner(), spec.as_value(), &train, &eval)?;
    data_needs::warn_of_the_same(&train, &eval, reporter);
    let run = session.experiment(|experiment| {
        if args.no_export {
            return experiment.fit_evaluate(&spec, &train, &eval);
        }
        let mut experiment = experiment.clone();
        if let Some(output) = &output {
            experiment = experiment.with_export_to(output.clone());
        }
        experiment.fit_evaluate_export(&spec, &train, &eval)
    })?;

    let runner = &session.runner().entry().descriptor;
    let text = format!(
        "{} {} · trained on {} · scored on {}{}\n\n{}\n{}",
        runner.name,
        runner.version,
        escape_line(&train.name),
        escape_line(&eval.name),
        data.remark,
        score_table(session.runner(), &run),
        places(&run)
    );
    Ok(Report {
        text,
        json: run_json(session.runner(), &run),
    })
}

/// `--train` and `--eval`: both or neither.
pub fn both_or_none<'a>(
    train: Option<&'a str>,
    eval: Option<&'a str>,
) -> Result<Option<(&'a str, &'a str)>, Failure> {
    match (train, eval) {
        (Some(train), Some(eval)) => Ok(Some((train, eval))),
        (None, None) => Ok(None),
        (Some(train), None) => Err(incomplete("--train", train, "--eval")),
        (None, Some(eval)) => Err(incomplete("--eval", eval, "--train")),
    }
}

/// The locations of the two datasets.
pub struct Data {
    /// The dataset to train on.
    pub train: String,
    /// The dataset to score on.
    pub eval: String,
    /// What the first line of the output says after the names of the datasets, so that nobody takes
    /// scores on the example data for scores on their own.
    pub remark: &'static str,
}

/// Said of the example data.
pub const EXAMPLE: &str = " (the example data)";

/// The locations of the two datasets; the example data if none were given.
pub fn given_or_example(
    datasets: Option<(&str, &str)>,
    reporter: &Reporter,
) -> Result<Data, Failure> {
    if let Some((train, eval)) = datasets {
        return Ok(Data {
            train: train.to_owned(),
            eval: eval.to_owned(),
            remark: "",
        });
    }
    let ExampleData { train, test } = example_data::find()?;
    let parent = train.parent().map(display_path).unwrap_or_default();
    // Planning and gathering run the command more than once in a process.
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        reporter.note(&format!(
            "no --train and --eval: using the example data in {parent}"
        ));
    });
    Ok(Data {
        train: location_of(&train),
        eval: location_of(&test),
        remark: EXAMPLE,
    })
}

fn incomplete(present: &str, location: &str, missing: &str) -> Failure {
    // Whoever gives a FASTA file needs to know that first.
    let path = Path::new(location);
    if path.is_file() {
        let path = path.to_owned();
        return StageDatasetError::File { path }.into();
    }
    Failure::new(
        Exit::Usage,
        format!("{present} is given without {missing}; give both, or neither for the example data"),
    )
}
