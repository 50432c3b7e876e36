//! `protea evaluate`.

use protea_core::text::escape_line;

use super::{
    data_needs,
    run_report::{places, run_json, score_table},
    run_setup::{Session, check_record, with_dataset_of_model},
    usable_run::model,
};
use crate::{
    args::EvaluateArgs,
    failure::Failure,
    output::{Report, Reporter},
};

/// Predicts with a fitted model and scores the predictions.
pub fn evaluate(args: &EvaluateArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    let model = model(&args.model, &args.runner, &args.execution, reporter)?;
    check_record(&model, &args.model, reporter)?;
    let eval = session.dataset(&args.eval)?;
    data_needs::check_scored(session.runner(), &args.model, &eval)?;
    let train = session.dataset_of_model(args.train.as_deref())?;
    let run = session.experiment(|experiment| {
        with_dataset_of_model(experiment, train).evaluate(&model, &eval)
    })?;
    let runner = &session.runner().entry().descriptor;
    let text = format!(
        "{} {} · scored on {}\n\n{}\n{}",
        runner.name,
        runner.version,
        escape_line(&eval.name),
        score_table(session.runner(), &run),
        places(&run)
    );
    Ok(Report {
        text,
        json: run_json(session.runner(), &run),
    })
}
