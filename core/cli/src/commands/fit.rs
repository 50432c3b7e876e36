//! `protea fit`.

use super::{run_report::run_json, run_setup::Session};
use crate::{
    args::FitArgs,
    failure::Failure,
    output::{Report, Reporter, display_path},
    spec,
};

/// Fits a model. Standard output gets the model's URI and nothing else, for use in scripts.
pub fn fit(args: &FitArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.single())?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    let spec = session.resolve_spec(&spec)?;
    let train = session.dataset(&args.train)?;
    let run = session.experiment(|experiment| experiment.fit(&spec, &train))?;
    reporter.note(&format!("the run is in {}", display_path(&run.directory)));
    let uri = run.manifest.model_uri.as_ref();
    Ok(Report {
        text: uri.map(|uri| format!("{uri}\n")).unwrap_or_default(),
        json: run_json(session.runner(), &run),
    })
}
