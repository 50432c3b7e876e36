//! `protea fit`.

use super::session::{Session, run_json};
use crate::{
    args::FitArgs,
    failure::Failure,
    output::{Report, Reporter, shown},
    spec,
};

/// Fits a model. Its URI alone goes to standard output, so that a script can take it from there.
pub fn fit(args: &FitArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.set)?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    session.check_spec(&spec)?;
    let train = session.dataset(&args.train)?;
    let run = session.experiment(|experiment| experiment.fit(&spec, &train))?;
    reporter.note(&format!("the run is in {}", shown(&run.directory)));
    let uri = run.manifest.model_uri.as_ref();
    Ok(Report {
        text: uri.map(|uri| format!("{uri}\n")).unwrap_or_default(),
        json: run_json(session.runner(), &run),
    })
}
