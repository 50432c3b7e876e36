//! Calibrates the scores on proteins of the training set, each aligned with the others.

use protea_cafa::{
    calibration::{Calibration, HeldOut, drawn},
    propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

use super::{
    predict::{Task, for_each},
    sequences,
    transfer::Transferrer,
};
use crate::spec::BaselineSpec;

/// The most proteins that are aligned. More hardly change the curves.
const MOST: usize = 1_000;
/// One in this many proteins, if there are few.
const PART: usize = 5;

/// The calibration of a method and a training set, which is the dataset of `task`.
///
/// # Errors
///
/// [`RunnerError::Dataset`] without sequences, the errors of the program.
pub(crate) fn calibrate(
    task: &Task<'_>,
    seed: u64,
    emit: &Emitter,
) -> Result<Calibration, RunnerError> {
    // A protein is held out by not being a hit of itself.
    let spec = &BaselineSpec {
        exclude_self: true,
        ..task.spec.clone()
    };
    let task = &Task { spec, ..*task };
    let references = task.database.open(task.directory)?;
    let ontology = &references.ontology;
    let dataset = task.dataset;
    let known = PropagatedTerms::read(dataset, ontology).or_dataset("reading annotations")?;
    let usable: Vec<usize> = (0..dataset.len())
        .filter(|&protein| !known.terms(protein).is_empty())
        .filter(|&protein| sequences::sequence(dataset, protein).is_some())
        .collect();
    let most = usable.len().div_ceil(PART).min(MOST);
    let chosen: Vec<usize> = drawn(usable.len(), most, seed)
        .into_iter()
        .map(|at| usable[at])
        .collect();
    let mut held_out = HeldOut::new(ontology);
    let mut receive = |protein: usize, hits: &[_], transferrer: &mut Transferrer<'_>| {
        let predicted = transferrer.predict(hits).into_iter();
        let predicted = predicted.filter(|(_, score)| *score >= spec.minimum_score);
        held_out.add(known.terms(protein), predicted);
        Ok(())
    };
    for_each(task, &references, Some(&chosen), emit, &mut receive)?;
    Ok(held_out.fit())
}
