//! Datasets that nobody can use, and datasets that nobody may touch.

use std::sync::Arc;

use protea_core::{
    DispatchError,
    contracts::{Evaluate, Export, Fit, Level, RunnerError},
};

use super::{refusals::Refusals, scope};
use crate::{
    Checked, Subject, Verdict,
    fixture::{Broken, Place, Snapshot},
    recorder::Recorder,
    subject::cannot_write,
};

scope! {
    /// Datasets.
    DatasetTest {
        /// A dataset that is not there is a `Dataset` error
        Missing = "dataset/missing" => missing,
        /// An empty directory in a dataset's place is a `Dataset` error
        Empty = "dataset/empty" => empty,
        /// A dataset with a broken manifest, files cut short or noise in them is a `Dataset` error
        Corrupt = "dataset/corrupt" => corrupt,
        /// Fit, evaluate and export leave the datasets as they are, to the last byte
        Untouched = "dataset/untouched" => untouched,
    }
}

fn missing(subject: &Subject) -> Checked {
    broken(subject, &[Broken::Missing])
}

fn empty(subject: &Subject) -> Checked {
    broken(subject, &[Broken::Empty])
}

fn corrupt(subject: &Subject) -> Checked {
    broken(subject, &Broken::CORRUPT)
}

fn broken(subject: &Subject, kinds: &[Broken]) -> Checked {
    let fitted = subject.fitted()?;
    // What fails on sound data anyway says nothing about broken ones.
    subject.evaluated()?;
    let runner = subject.runner()?;
    let recorder = || Arc::new(Recorder::new(Level::Error));
    let mut refusals = Refusals::new("`RunnerError::Dataset`", |error| {
        matches!(error, RunnerError::Dataset { .. })
    })
    // CAFA scores cannot be had without reading the truth; of other metrics nobody knows.
    .lenient(runner.capabilities().metrics.groups.is_empty());
    for kind in kinds {
        let place = Place::empty().map_err(cannot_write)?;
        kind.make(&subject.fixtures.train, &place.join("train"))
            .and_then(|()| kind.make(&subject.fixtures.eval, &place.join("eval")))
            .map_err(cannot_write)?;
        let doing = format!("fit on {}", kind.name());
        let request = subject.fit_request(&place, "model", subject.resolved_spec()?);
        match runner.call::<Fit>(&request, recorder()) {
            // A method need not read what it learns nothing from.
            Ok(_) | Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {}
            result => refusals.judge(&doing, result)?,
        }
        let doing = format!("evaluate on {}", kind.name());
        let request = subject.evaluate_request(fitted, &place, "evaluation");
        refusals.judge(&doing, runner.call::<Evaluate>(&request, recorder()))?;
    }
    Ok(refusals.verdict())
}

fn untouched(subject: &Subject) -> Checked {
    subject.fitted()?;
    let place = subject.place()?;
    let before = ["train", "eval"].map(|name| Snapshot::of(&place.join(name)));
    let check = |after: &str| -> Result<(), Verdict> {
        for (name, before) in ["train", "eval"].iter().zip(&before) {
            let changes = before.changes(&Snapshot::of(&place.join(name)), |_| false);
            if !changes.is_empty() {
                return Err(Verdict::failed(
                    "a frozen dataset is never written to",
                    format!(
                        "after {after}, in the dataset `{name}`: {}",
                        changes.join(", ")
                    ),
                    "open datasets read-only; write below `request.output_dir()` only",
                ));
            }
        }
        Ok(())
    };
    let recorder = || Arc::new(Recorder::new(Level::Error));
    let fitted = subject.fit_in(&place, "model", recorder());
    check("fit")?;
    let (model, _) = fitted?;
    let runner = subject.runner()?;
    let mut failed = !(subject.evaluation_ends() && subject.export_ends());
    if subject.evaluation_ends() {
        let request = subject.evaluate_model(&model, &place, "evaluation");
        failed |= runner.call::<Evaluate>(&request, recorder()).is_err();
        check("evaluate")?;
    }
    if subject.export_ends() {
        let request = subject.export_model(&model, &place, "export");
        failed |= runner.call::<Export>(&request, recorder()).is_err();
        check("export")?;
    }
    if failed {
        return Ok(Verdict::noted(
            "some of the calls failed, see lifecycle; none touched a dataset",
        ));
    }
    Ok(Verdict::passed())
}
