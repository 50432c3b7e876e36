//! Tries a runner with random specs and broken models, each case with its own seed and process.

mod document;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use protea_core::contracts::{Evaluate, Export, Fit, RunnerError, model::FILE_NAME};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{
    Checked, Config, FixtureError, Host, Subject, Verdict,
    fixture::{WorkDir, uri_of},
    sandbox::{Call, End, Outcome},
    setup,
    spec_generator::Generator,
    subject::{cannot_write, model_bytes, model_file, reference_model},
};
use document::break_document;

/// Which cases to try. Without `time` and `cases` there is no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The seed of the first case. Every case has a seed one higher than the case before.
    pub seed: u64,
    /// Starts no case after this time.
    pub time: Option<Duration>,
    /// The number of cases.
    pub cases: Option<u64>,
}

/// The result of fuzzing a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FuzzReport {
    /// The runner's name.
    pub runner: String,
    /// The seed of the first case.
    pub seed: u64,
    /// How many cases were tried.
    pub cases: u64,
    /// The cases that the runner did not answer with a result or a typed error.
    pub findings: Vec<Finding>,
}

/// A case that a runner did not answer with a result or a typed error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Repeats the case: `--seed SEED --cases 1`.
    pub seed: u64,
    /// The call.
    pub doing: String,
    /// The spec or the model document, at most 400 characters of it.
    pub input: String,
    /// What the runner did.
    pub verdict: Verdict,
}

/// Why a runner cannot be fuzzed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FuzzError {
    /// The datasets cannot be made or used.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The runner does not load, or does not fit with its defaults.
    #[error("{}", .0.lines().join(", "))]
    Runner(Verdict),
}

/// Fuzzes a runner with random specs and broken models.
///
/// `on_case` gets the seed of every case, with its finding if there is one, and returns whether to go
/// on.
///
/// # Errors
///
/// When the datasets cannot be made, or the runner does not load or fit.
pub fn fuzz(
    file: &Path,
    host: Host,
    config: &Config,
    budget: Budget,
    on_case: &mut dyn FnMut(u64, Option<&Finding>) -> bool,
) -> Result<FuzzReport, FuzzError> {
    let fixtures = Arc::new(setup::fixtures(config, None)?);
    let settings = Arc::new(setup::settings(host, config));
    let subject = Subject::new(file.to_owned(), Vec::new(), settings, fixtures);
    fuzz_subject(&subject, budget, on_case).map_err(FuzzError::Runner)
}

fn fuzz_subject(
    subject: &Subject,
    budget: Budget,
    on_case: &mut dyn FnMut(u64, Option<&Finding>) -> bool,
) -> Result<FuzzReport, Verdict> {
    let sound = Sound::new(subject)?;
    let began = Instant::now();
    let mut report = FuzzReport {
        runner: subject.name(),
        seed: budget.seed,
        cases: 0,
        findings: Vec::new(),
    };
    while budget.cases.is_none_or(|most| report.cases < most)
        && budget.time.is_none_or(|time| began.elapsed() < time)
    {
        let seed = budget.seed.wrapping_add(report.cases);
        report.cases += 1;
        let finding = try_case(subject, &sound, seed)?;
        let go_on = on_case(seed, finding.as_ref());
        report.findings.extend(finding);
        if !go_on {
            break;
        }
    }
    Ok(report)
}

/// What the cases are made from: a valid spec with its schema, and a valid model.
struct Sound {
    schema: Value,
    spec: Value,
    model: Vec<u8>,
}

impl Sound {
    fn new(subject: &Subject) -> Result<Self, Verdict> {
        // Not the verdicts of tests that depend on others: no other test runs here.
        let schema = subject.load()?.capabilities().spec_schema.clone();
        let fitted = subject.fit_once()?;
        let model = model_file(&fitted.model_uri).and_then(|path| model_bytes(&path));
        Ok(Self {
            schema,
            spec: subject.spec()?,
            model: model.unwrap_or_default(),
        })
    }
}

fn try_case(subject: &Subject, sound: &Sound, seed: u64) -> Result<Option<Finding>, Verdict> {
    let mut random = Rng::with_seed(seed);
    let generator = Generator::new(&sound.schema, &sound.spec).map_err(Verdict::skipped)?;
    let dir = subject.work_dir()?;
    let (doing, input, checked) = match random.u8(..6) {
        0 | 1 => match generator.valid(&mut random) {
            None => return Ok(None),
            Some(spec) => {
                let checked = valid_spec(subject, &dir, &spec);
                (
                    "fit and evaluate with a valid spec",
                    spec.to_string(),
                    checked,
                )
            }
        },
        2 => match generator.broken(&mut random) {
            None => return Ok(None),
            Some(spec) => {
                let call = Call::new::<Fit>(&subject.fit_request(&dir, "model", spec.clone()));
                let checked = one_call(subject, &dir, call, "fit").map(|_| Verdict::passed());
                ("fit with a broken spec", spec.to_string(), checked)
            }
        },
        kind => {
            let document = break_document(&sound.model, &mut random);
            let path = dir.join(FILE_NAME);
            std::fs::write(&path, &document).map_err(cannot_write)?;
            let model = uri_of(&path);
            let (call, doing) = if kind == 3 {
                let request = subject.export_model(&model, &dir, "export");
                (Call::new::<Export>(&request), "export of a broken model")
            } else {
                let request = subject.evaluate_model(&model, &dir, "evaluation");
                (
                    Call::new::<Evaluate>(&request),
                    "evaluate with a broken model",
                )
            };
            let checked = one_call(subject, &dir, call, doing).map(|_| Verdict::passed());
            let input = String::from_utf8_lossy(&document).into_owned();
            (doing, input, checked)
        }
    };
    Ok(match checked {
        Err(Verdict::Skipped { .. }) | Ok(_) => None,
        Err(verdict) => Some(Finding {
            seed,
            doing: doing.to_owned(),
            input: input.chars().take(400).collect(),
            verdict,
        }),
    })
}

/// Fits with a valid spec and evaluates the model, which must return the declared metrics.
fn valid_spec(subject: &Subject, dir: &WorkDir, spec: &Value) -> Checked {
    let call = Call::new::<Fit>(&subject.fit_request(dir, "model", spec.clone()));
    let model: Url = match one_call(subject, dir, call, "fit with a valid spec")? {
        Some(Outcome::Result(result)) => {
            match serde_json::from_value(result["model_uri"].clone()) {
                Ok(uri) => uri,
                Err(_) => return Ok(Verdict::passed()),
            }
        }
        Some(Outcome::Error(RunnerError::Unsupported { .. })) => {
            reference_model(dir, "model", &subject.resolved(spec)?)?
        }
        _ => return Ok(Verdict::passed()),
    };
    let doing = "evaluate the model of a valid spec";
    let call = Call::new::<Evaluate>(&subject.evaluate_model(&model, dir, "evaluation"));
    if let Some(Outcome::Result(result)) = one_call(subject, dir, call, doing)? {
        let metrics = result["metrics"].as_object().cloned().unwrap_or_default();
        let schema = &subject.runner()?.capabilities().metrics;
        schema.check(&metrics).map_err(|error| {
            Verdict::failed(
                "the metrics are as the runner declares them, with every valid spec",
                error.to_string(),
                "reject specs that give no score, or leave the metric out and declare it optional",
            )
        })?;
    }
    Ok(Verdict::passed())
}

/// Makes one call in a process of its own. Anything but a result or a typed error is the verdict.
fn one_call(
    subject: &Subject,
    dir: &WorkDir,
    call: Call,
    doing: &str,
) -> Result<Option<Outcome>, Verdict> {
    let probed = subject.probe(&subject.task(vec![call]), dir)?;
    match probed.end {
        End::Finished(_) => {}
        End::Refused(_) => return Ok(None),
        End::Died(error) => return Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => return Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
    match probed
        .answers
        .into_iter()
        .next()
        .map(|answer| answer.outcome)
    {
        Some(Outcome::Panicked(panic)) => Err(Verdict::from_panic(doing, &panic)),
        Some(Outcome::Protocol(message)) => Err(Verdict::from_dispatch(
            doing,
            &protea_core::DispatchError::Protocol(message),
        )),
        outcome => Ok(outcome),
    }
}
