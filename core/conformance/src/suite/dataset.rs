//! Broken datasets, and datasets that a runner must not change.

use std::sync::Arc;

use protea_core::{
    DispatchError,
    contracts::{Evaluate, Export, Fit, Level, RunnerError},
};

use super::{refusals::Refusals, scope};
use crate::{
    Checked, Subject, Verdict,
    fixture::{Broken, Snapshot},
    recorder::Recorder,
    subject::cannot_write,
};

scope! {
    /// Datasets.
    DatasetTest {
        /// A missing dataset is a `Dataset` error
        Missing = "dataset/missing" => missing,
        /// An empty directory as dataset is a `Dataset` error
        Empty = "dataset/empty" => empty,
        /// A dataset with an invalid manifest, truncated files or random bytes is a `Dataset` error
        Corrupt = "dataset/corrupt" => corrupt,
        /// `fit`, `evaluate` and `export` do not change a byte of the datasets
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
    // A failure on valid data would say nothing about broken data.
    subject.evaluated()?;
    let runner = subject.runner()?;
    let recorder = || Arc::new(Recorder::new(Level::Error));
    let mut refusals = Refusals::new("`RunnerError::Dataset`", |error| {
        matches!(error, RunnerError::Dataset { .. })
    })
    // CAFA scores need the annotations of the dataset. Other metrics may not need the dataset.
    .lenient(runner.capabilities().metrics.groups.is_empty());
    for kind in kinds {
        let dir = subject.empty_dir()?;
        kind.make(&subject.fixtures.train, &dir.join("train"))
            .and_then(|()| kind.make(&subject.fixtures.eval, &dir.join("eval")))
            .map_err(cannot_write)?;
        let doing = format!("fit on {}", kind.name());
        let request = subject.fit_request(&dir, "model", subject.resolved_spec()?);
        match runner.call::<Fit>(&request, recorder()) {
            // `fit` does not have to read data that it does not learn from.
            Ok(_) | Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {}
            result => refusals.judge(&doing, result)?,
        }
        let doing = format!("evaluate on {}", kind.name());
        let request = subject.evaluate_request(fitted, &dir, "evaluation");
        refusals.judge(&doing, runner.call::<Evaluate>(&request, recorder()))?;
    }
    Ok(refusals.verdict())
}

fn untouched(subject: &Subject) -> Checked {
    subject.fitted()?;
    let dir = subject.work_dir()?;
    let before = ["train", "eval"].map(|name| Snapshot::take(&dir.join(name)));
    let check = |after: &str| -> Result<(), Verdict> {
        for (name, before) in ["train", "eval"].iter().zip(&before) {
            let changes = before.changes(&Snapshot::take(&dir.join(name)), |_| false);
            if !changes.is_empty() {
                return Err(Verdict::failed(
                    "a frozen dataset is never modified",
                    format!(
                        "after {after}, in the dataset `{name}`: {}",
                        changes.join(", ")
                    ),
                    "open datasets read-only; write only inside `request.output_dir()`",
                ));
            }
        }
        Ok(())
    };
    let recorder = || Arc::new(Recorder::new(Level::Error));
    let fitted = subject.fit_in(&dir, "model", recorder());
    check("fit")?;
    let (model, _) = fitted?;
    let runner = subject.runner()?;
    let mut failed = !(subject.evaluation_ends() && subject.export_ends());
    if subject.evaluation_ends() {
        let request = subject.evaluate_model(&model, &dir, "evaluation");
        failed |= runner.call::<Evaluate>(&request, recorder()).is_err();
        check("evaluate")?;
    }
    if subject.export_ends() {
        let request = subject.export_model(&model, &dir, "export");
        failed |= runner.call::<Export>(&request, recorder()).is_err();
        check("export")?;
    }
    if failed {
        return Ok(Verdict::noted(
            "some of the calls failed, see lifecycle; none changed a dataset",
        ));
    }
    Ok(Verdict::passed())
}
