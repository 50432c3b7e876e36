//! Specs and models made at random under a seed, each tried in a process of its own.

mod document;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use protea_core::contracts::{Evaluate, Export, Fit, RunnerError, model::FILE_NAME};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{
    Checked, Settings, Subject, Verdict,
    fixture::{Fixtures, Place, uri_of},
    sandbox::{Call, End, Outcome},
    spec_generator::Generator,
    subject::{cannot_write, model_file, reference_model},
};
use document::break_document;

/// How long to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The first case's seed; every case has the next.
    pub seed: u64,
    /// For so long.
    pub time: Option<Duration>,
    /// For so many cases.
    pub cases: Option<u64>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FuzzReport {
    /// The runner's name.
    pub runner: String,
    /// The first case's seed.
    pub seed: u64,
    /// How many cases were tried.
    pub cases: u64,
    /// The cases that the runner did not answer as it must.
    pub findings: Vec<Finding>,
}

/// A case that a runner did not answer as it must.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Makes the case again: `--seed SEED --cases 1`.
    pub seed: u64,
    /// What was tried.
    pub doing: String,
    /// The spec, or the model document, at most 400 characters of it.
    pub input: String,
    /// What the runner did.
    pub verdict: Verdict,
}

/// Fuzzes a runner. `on_case` is told of every case with its finding, and answers whether to go on.
///
/// # Errors
///
/// The verdict of a runner that cannot be fuzzed: it does not load, or does not fit.
pub fn fuzz(
    library: PathBuf,
    settings: Arc<Settings>,
    fixtures: Arc<Fixtures>,
    budget: Budget,
    on_case: &mut dyn FnMut(u64, Option<&Finding>) -> bool,
) -> Result<FuzzReport, Verdict> {
    let subject = Subject::new(library, Vec::new(), settings, fixtures);
    let sound = Sound::of(&subject)?;
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
        let finding = try_case(&subject, &sound, seed)?;
        let go_on = on_case(seed, finding.as_ref());
        report.findings.extend(finding);
        if !go_on {
            break;
        }
    }
    Ok(report)
}

/// What is broken: a sound spec's schema and a sound model.
struct Sound {
    schema: Value,
    spec: Value,
    model: Vec<u8>,
}

impl Sound {
    fn of(subject: &Subject) -> Result<Self, Verdict> {
        // The verdicts themselves: nobody else reports them here.
        let schema = subject.load()?.capabilities().spec_schema.clone();
        let fitted = subject.fit_once()?;
        let model = model_file(&fitted.model_uri).and_then(|path| std::fs::read(path).ok());
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
    let place = subject.place()?;
    let (doing, input, checked) = match random.u8(..6) {
        0 | 1 => match generator.valid(&mut random) {
            None => return Ok(None),
            Some(spec) => {
                let checked = valid_spec(subject, &place, &spec);
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
                let call = Call::new::<Fit>(&subject.fit_request(&place, "model", spec.clone()));
                let checked = one_call(subject, &place, call, "fit").map(|_| Verdict::passed());
                ("fit with a broken spec", spec.to_string(), checked)
            }
        },
        kind => {
            let document = break_document(&sound.model, &mut random);
            let path = place.join(FILE_NAME);
            std::fs::write(&path, &document).map_err(cannot_write)?;
            let model = uri_of(&path);
            let (call, doing) = if kind == 3 {
                let request = subject.export_model(&model, &place, "export");
                (Call::new::<Export>(&request), "export of a broken model")
            } else {
                let request = subject.evaluate_model(&model, &place, "evaluation");
                (
                    Call::new::<Evaluate>(&request),
                    "evaluate with a broken model",
                )
            };
            let checked = one_call(subject, &place, call, doing).map(|_| Verdict::passed());
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

/// A valid spec is fitted with; and what comes of it is evaluated, and gives the metrics declared.
fn valid_spec(subject: &Subject, place: &Place, spec: &Value) -> Checked {
    let call = Call::new::<Fit>(&subject.fit_request(place, "model", spec.clone()));
    let model: Url = match one_call(subject, place, call, "fit with a valid spec")? {
        Some(Outcome::Result(result)) => {
            match serde_json::from_value(result["model_uri"].clone()) {
                Ok(uri) => uri,
                Err(_) => return Ok(Verdict::passed()),
            }
        }
        Some(Outcome::Error(RunnerError::Unsupported { .. })) => {
            reference_model(place, "model", &subject.completed(spec)?)?
        }
        _ => return Ok(Verdict::passed()),
    };
    let doing = "evaluate what a valid spec has made";
    let call = Call::new::<Evaluate>(&subject.evaluate_model(&model, place, "evaluation"));
    if let Some(Outcome::Result(result)) = one_call(subject, place, call, doing)? {
        let metrics = result["metrics"].as_object().cloned().unwrap_or_default();
        let schema = &subject.runner()?.capabilities().metrics;
        schema.check(&metrics).map_err(|error| {
            Verdict::failed(
                "the metrics are as the runner declares them, whatever the spec",
                error.to_string(),
                "refuse specs that give no score, or leave the metric out and declare it optional",
            )
        })?;
    }
    Ok(Verdict::passed())
}

/// One call in a process of its own. Any answer but a clean one is the verdict.
fn one_call(
    subject: &Subject,
    place: &Place,
    call: Call,
    doing: &str,
) -> Result<Option<Outcome>, Verdict> {
    let probed = subject.probe(&subject.task(vec![call]), place)?;
    match probed.end {
        End::Finished(_) => {}
        End::Refused(_) => return Ok(None),
        End::Died(error) => return Err(Verdict::of_dispatch(doing, &error)),
        End::TimedOut => return Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
    match probed
        .answers
        .into_iter()
        .next()
        .map(|answer| answer.outcome)
    {
        Some(Outcome::Panicked(panic)) => Err(Verdict::of_panic(doing, &panic)),
        Some(Outcome::Protocol(message)) => Err(Verdict::of_dispatch(
            doing,
            &protea_core::DispatchError::Protocol(message),
        )),
        outcome => Ok(outcome),
    }
}
