//! Calibrates the scores on the references themselves: each is predicted from the others.

use protea_cafa::{
    calibration::{Calibration, HeldOut, drawn},
    dataset::FrozenDataset,
    propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

use crate::{
    predict::{Predictor, Prepared},
    references::References,
    spec::KnnSpec,
};

/// The most references that are predicted. More hardly change the curves.
const MOST: usize = 5_000;

/// The calibration of a spec and a reference set.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when the dataset lacks what the spec needs; [`RunnerError::Cancelled`].
pub(crate) fn calibrate(
    spec: &KnnSpec,
    dataset: &FrozenDataset,
    seed: u64,
    emit: &Emitter,
) -> Result<Calibration, RunnerError> {
    // A protein is held out by not being its own neighbour.
    let spec = KnnSpec {
        exclude_self: true,
        ..spec.clone()
    };
    let references = References::open(dataset, &spec, emit)?;
    let ontology = references.ontology();
    let known = PropagatedTerms::read(dataset, ontology).or_dataset("reading annotations")?;
    let prepared = Prepared::new(&spec, &references)?;
    let predictor = Predictor::new(&spec, &references, &prepared, dataset, emit)?;
    let annotated: Vec<usize> = (0..dataset.len())
        .filter(|&protein| !known.terms(protein).is_empty())
        .collect();
    let chosen: Vec<usize> = drawn(annotated.len(), MOST, seed)
        .into_iter()
        .map(|at| annotated[at])
        .collect();
    let mut held_out = HeldOut::new(ontology);
    predictor.for_each(&chosen, false, emit, &mut |predicted| {
        held_out.add(known.terms(predicted.query), predicted.terms);
        Ok(())
    })?;
    Ok(held_out.fit())
}
