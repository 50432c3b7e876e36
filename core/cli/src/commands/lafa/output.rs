//! Writes the predictions of `protea lafa`, checked by the rules of LAFA.

use std::{
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use protea_cafa::predictions::{Challenge, Rule, Session, Source, ValidateOptions, validate};

use super::inputs::Inputs;
use crate::{commands::output_file::replace, exit::Exit, failure::Failure, interrupt};

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    /// Queries with at least one prediction.
    pub(super) proteins: u64,
    /// Lines.
    pub(super) predictions: u64,
}

/// Copies the predictions to `to`, which appears whole or not at all.
pub(super) fn write(
    from: &Path,
    to: &Path,
    inputs: &Inputs,
    scratch: &Path,
) -> Result<Written, Failure> {
    let unreadable = |error: io::Error| {
        let message = format!("the predictions cannot be read again: {error}");
        Failure::new(Exit::Failed, message)
    };
    let file = File::open(from).map_err(unreadable)?;
    let written = if file.metadata().map_err(unreadable)?.len() == 0 {
        Written::default()
    } else {
        check(from, inputs, scratch)?
    };
    let mut lines = BufReader::with_capacity(1 << 17, file);
    replace(to, |out| io::copy(&mut lines, out))?;
    Ok(written)
}

/// Checks the predictions of a runner, and counts them. Also what LAFA would only ignore is an error
/// here: a runner predicts for the queries, with terms of the ontology, and each once.
fn check(predictions: &Path, inputs: &Inputs, scratch: &Path) -> Result<Written, Failure> {
    let watch = |_| interrupt::continue_unless_requested();
    let mut session = Session::new(&watch);
    session.scratch = scratch.to_owned();
    let options = ValidateOptions {
        challenge: Challenge::Lafa,
        proteins: Some(&inputs.queries),
        ontology: Some(&inputs.ontology),
    };
    let source = Source::open(predictions, scratch)?;
    let found = validate(&source, &options, &mut session)?;
    let mut broken = found.findings.iter();
    if let Some(finding) = broken.find(|finding| finding.rule != Rule::MissingTarget) {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "the runner's predictions break a rule of LAFA: {} ({} times: {})",
                finding.text,
                finding.found.count,
                finding.found.sample()
            ),
        ));
    }
    Ok(Written {
        proteins: found.proteins,
        predictions: found.predictions,
    })
}
