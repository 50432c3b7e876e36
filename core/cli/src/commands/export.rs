//! `protea export`.

use protea_core::store;

use super::{
    run_report::{places, run_json},
    run_setup::{Session, check_record, with_dataset_of_model},
    usable_run::model,
};
use crate::{
    args::ExportArgs,
    failure::Failure,
    output::{Report, Reporter, Table, bytes},
};

/// Writes a fitted model to a directory or URI.
pub fn export(args: &ExportArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    let model = model(&args.model, &args.runner, &args.execution, reporter)?;
    check_record(&model, &args.model, reporter)?;
    let output = args.output.as_deref().map(store::locate).transpose()?;
    let train = session.dataset_of_model(args.train.as_deref())?;
    let run = session.experiment(|experiment| {
        with_dataset_of_model(experiment, train).export(&model, output.as_ref())
    })?;
    let mut files = Table::new(1..2, ["exported", "size", "SHA-256"]);
    for file in &run.manifest.artifacts.export {
        files.row([
            file.role.clone(),
            bytes(file.bytes),
            file.sha256.to_string(),
        ]);
    }
    Ok(Report {
        text: format!("{files}\n{}", places(&run)),
        json: run_json(session.runner(), &run),
    })
}
