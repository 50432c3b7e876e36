//! `protea predictions`: files of predictions as things to work on.

mod compare;
mod inputs;
mod merge;
mod output;
mod reports;
mod runs;
mod transform;
mod validate;

use std::{ops::ControlFlow, path::Path};

use protea_cafa::{ontology::Ontology, predictions::Session};

use crate::{
    args::PredictionsCommand,
    commands::cafa::set_threads,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, count},
};

/// Runs one of the commands.
pub fn predictions(
    command: &mut PredictionsCommand,
    json: bool,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    runs::resolve(command, reporter)?;
    let resources = match command {
        PredictionsCommand::Merge(args) => &args.resources,
        PredictionsCommand::Propagate(args) => &args.resources,
        PredictionsCommand::Cut(args) => &args.resources,
        PredictionsCommand::Validate(args) => &args.resources,
        PredictionsCommand::Diff(args) => &args.resources,
        PredictionsCommand::Stats(args) => &args.resources,
        PredictionsCommand::Convert(args) => &args.resources,
        PredictionsCommand::Show(args) => &args.resources,
    };
    interrupt::cooperate(reporter);
    set_threads(resources.threads)?;
    let watch = |rows| {
        reporter.progress(rows, 0);
        reporter.detail(&format!("{} rows", count(rows)));
        if interrupt::requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mut session = Session::new(&watch);
    let bytes = usize::try_from(resources.memory << 20);
    session.memory = bytes.unwrap_or(usize::MAX);
    match command {
        PredictionsCommand::Merge(args) => merge::merge(args, json, &mut session, reporter),
        PredictionsCommand::Propagate(args) => {
            transform::propagate(args, json, &mut session, reporter)
        }
        PredictionsCommand::Cut(args) => transform::cut(args, json, &mut session, reporter),
        PredictionsCommand::Convert(args) => transform::convert(args, json, &mut session, reporter),
        PredictionsCommand::Show(args) => transform::show(args, json, &mut session, reporter),
        PredictionsCommand::Validate(args) => validate::validate(args, &mut session, reporter),
        PredictionsCommand::Diff(args) => compare::diff(args, &mut session, reporter),
        PredictionsCommand::Stats(args) => compare::stats(args, &mut session, reporter),
    }
}

fn read_ontology(path: Option<&Path>) -> Result<Option<Ontology>, Failure> {
    path.map(Ontology::read).transpose().map_err(Failure::from)
}
