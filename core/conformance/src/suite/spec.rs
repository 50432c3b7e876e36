//! The settings: their schema, their defaults, and what is rejected.

use protea_core::{
    DispatchError,
    contracts::{Fit, RunnerError},
    dispatch::{SchemaError, SpecSchema},
};
use serde_json::{Map, Value, json};

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    sandbox::{Call, End, Outcome},
    spec_generator::{Generator, properties},
    subject::SEED,
};

/// A setting that no runner has.
const UNKNOWN: &str = "surely_no_setting";
/// The number of random specs that are tried.
const FUZZED: usize = 64;
/// The time for trying them, in seconds (see [`Task::budget`](crate::sandbox::Task::budget)).
const BUDGET: f64 = 20.0;
/// At most so many rejected specs are shown.
const MOST_SHOWN: usize = 5;

scope! {
    /// The settings.
    SpecTest {
        /// The schema of the spec is a valid JSON Schema
        Schema = "spec/schema" => schema,
        /// Every setting has a description, which hosts show to users
        Described = "spec/described" => described,
        /// The spec with all defaults is valid
        Defaults = "spec/defaults" => defaults,
        /// The schema and the runner reject an unknown setting, with a JSON pointer to it
        UnknownKeys = "spec/unknown-keys" => unknown_keys,
        /// The schema and the runner reject a value of the wrong type, with a JSON pointer to it
        WrongTypes = "spec/wrong-types" => wrong_types,
        /// Random valid specs are accepted, and none makes the runner panic or crash
        Fuzzed = "spec/fuzzed" => fuzzed,
    }
}

fn schema(subject: &Subject) -> Checked {
    let schema = &subject.runner()?.capabilities().spec_schema;
    match SpecSchema::new(schema) {
        Ok(_) => Ok(Verdict::passed()),
        Err(SchemaError::Invalid(problem)) => Err(Verdict::failed(
            "a JSON Schema (draft 2020-12)",
            problem,
            "derive the schema with `spec!`",
        )),
        Err(error) => Err(Verdict::failed(
            "a self-contained JSON Schema",
            error.to_string(),
            "keep everything that `$ref` names in the schema's own `$defs`",
        )),
    }
}

fn described(subject: &Subject) -> Checked {
    let schema = &subject.runner()?.capabilities().spec_schema;
    let bare: Vec<&str> = properties(schema)
        .filter(|(_, property)| property.get("description").is_none())
        .map(|(name, _)| name)
        .collect();
    match bare.as_slice() {
        [] => Ok(Verdict::passed()),
        bare => Ok(Verdict::warning(format!(
            "no description of {}; put a doc comment on each field of `Spec`",
            bare.join(", ")
        ))),
    }
}

fn defaults(subject: &Subject) -> Checked {
    let runner = subject.runner()?;
    match runner.resolve_spec(&subject.settings.spec) {
        Ok(_) => Ok(Verdict::passed()),
        Err(error) => Err(Verdict::failed(
            "the spec with all defaults matches the runner's own schema",
            error.to_string(),
            "give `Spec` defaults within its ranges; if no default makes sense, set `[spec]` in conformance.toml",
        )),
    }
}

fn unknown_keys(subject: &Subject) -> Checked {
    let Value::Object(mut spec) = subject.spec()? else {
        return Ok(Verdict::skipped("the spec is not an object"));
    };
    let schema = &subject.runner()?.capabilities().spec_schema;
    if schema
        .get("additionalProperties")
        .is_some_and(Value::is_object)
    {
        return Ok(Verdict::skipped("the runner accepts settings of any name"));
    }
    spec.insert(UNKNOWN.to_owned(), json!(1));
    refused(
        subject,
        vec![(UNKNOWN.to_owned(), spec)],
        "an unknown setting",
    )
}

fn wrong_types(subject: &Subject) -> Checked {
    let Value::Object(spec) = subject.spec()? else {
        return Ok(Verdict::skipped("the spec is not an object"));
    };
    let schema = &subject.runner()?.capabilities().spec_schema;
    let allowed = SpecSchema::new(schema)
        .map_err(|error| Verdict::skipped(format!("the schema cannot be used: {error}")))?;
    let mut wrong = Vec::new();
    for (name, _) in properties(schema) {
        let candidates = [
            json!({ "surely": "wrong" }),
            json!(["surely", "wrong"]),
            json!(true),
        ];
        let with = |value: &Value| {
            let mut spec = spec.clone();
            spec.insert(name.to_owned(), value.clone());
            spec
        };
        let spoilt = candidates.iter().map(with);
        let spoilt = spoilt.filter(|spec| !allowed.allows(&Value::Object(spec.clone())));
        wrong.extend(spoilt.take(2).map(|spec| (name.to_owned(), spec)));
    }
    if wrong.is_empty() {
        return Ok(Verdict::skipped("no setting has a type"));
    }
    refused(subject, wrong, "a value of the wrong type")
}

/// Checks that the schema and the runner reject specs with a pointer to the setting.
fn refused(subject: &Subject, wrong: Vec<(String, Map<String, Value>)>, what: &str) -> Checked {
    let runner = subject.runner()?;
    let dir = subject.work_dir()?;
    let mut calls = Vec::new();
    for (name, spec) in &wrong {
        let spec = Value::Object(spec.clone());
        let expected = format!("{what} is `InvalidSpec` at /{name}");
        let remedy = "declare the settings with `spec!`, which rejects unknown settings";
        match runner.resolve_spec(&spec) {
            Err(DispatchError::Runner(RunnerError::InvalidSpec { pointer, .. }))
                if points_to(&pointer, name) => {}
            Err(error) => {
                return Err(Verdict::failed(
                    expected,
                    format!("the schema says: {error}"),
                    remedy,
                ));
            }
            Ok(_) => {
                return Err(Verdict::failed(
                    expected,
                    format!("the schema allows {}", Value::Object(only(&spec, name))),
                    remedy,
                ));
            }
        }
        calls.push(Call::new::<Fit>(&subject.fit_request(&dir, "model", spec)));
    }
    let probed = subject.probe(&subject.task(calls), &dir)?;
    for answer in &probed.answers {
        let (name, spec) = &wrong[answer.call];
        let given = Value::Object(only(&Value::Object(spec.clone()), name));
        let expected = format!("`fit` with {given} is `InvalidSpec` at /{name}");
        let remedy = "declare `Spec` with `spec!`, or check the setting at the start of `fit`";
        let seen = match &answer.outcome {
            Outcome::Error(RunnerError::InvalidSpec { pointer, .. })
                if points_to(pointer, name) =>
            {
                continue;
            }
            Outcome::Error(error) => format!("the error: {error}"),
            Outcome::Result(_) => "a model".to_owned(),
            Outcome::Panicked(panic) => panic.to_string(),
            Outcome::Protocol(message) => message.clone(),
        };
        return Err(Verdict::failed(expected, seen, remedy));
    }
    ended(subject, probed.end, &format!("`fit` with {what}"))?;
    Ok(Verdict::noted(format!("{} specs rejected", wrong.len())))
}

fn points_to(pointer: &str, name: &str) -> bool {
    let whole = format!("/{name}");
    pointer == whole || pointer.starts_with(&format!("{whole}/"))
}

fn only(spec: &Value, name: &str) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), spec[name].clone())])
}

fn ended(subject: &Subject, end: End, doing: &str) -> Result<(), Verdict> {
    match end {
        End::Finished(_) => Ok(()),
        End::Died(error) => Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
        End::Refused(reason) => Err(Verdict::failed(
            "the library opens",
            reason,
            "see load/opens",
        )),
    }
}

fn fuzzed(subject: &Subject) -> Checked {
    let runner = subject.runner()?;
    subject.fitted()?;
    let defaults = subject.spec()?;
    let generator = Generator::new(&runner.capabilities().spec_schema, &defaults)
        .map_err(|error| Verdict::skipped(format!("the schema cannot be used: {error}")))?;
    let mut random = fastrand::Rng::with_seed(SEED);
    let specs: Vec<Value> = (0..FUZZED)
        .filter_map(|_| generator.valid(&mut random))
        .collect();
    if specs.is_empty() {
        return Ok(Verdict::skipped(
            "no spec can be generated from this schema",
        ));
    }
    let dir = subject.work_dir()?;
    let request = |(at, spec): (usize, &Value)| {
        Call::new::<Fit>(&subject.fit_request(&dir, &format!("model-{at}"), spec.clone()))
    };
    let calls = specs.iter().enumerate().map(request).collect();
    let mut task = subject.task(calls);
    task.budget = Some(BUDGET);
    let probed = subject.probe(&task, &dir)?;
    let mut accepted = 0;
    let mut refused = Vec::new();
    for answer in &probed.answers {
        let spec = &specs[answer.call];
        match &answer.outcome {
            // A valid spec may need a program that this machine does not have.
            Outcome::Result(_)
            | Outcome::Error(RunnerError::Unsupported { .. } | RunnerError::Missing { .. }) => {
                accepted += 1;
            }
            Outcome::Panicked(panic) => {
                return Err(Verdict::from_panic(&format!("`fit` with {spec}"), panic));
            }
            Outcome::Error(error) => {
                refused.push(format!("{spec}: {error}"));
            }
            Outcome::Protocol(message) => {
                let doing = format!("`fit` with {spec}");
                return Err(Verdict::from_dispatch(
                    &doing,
                    &DispatchError::Protocol(message.clone()),
                ));
            }
        }
    }
    let next = specs.get(probed.answers.len());
    let doing = next.map_or_else(|| "`fit`".to_owned(), |spec| format!("`fit` with {spec}"));
    ended(subject, probed.end, &doing)?;
    if refused.is_empty() {
        return Ok(Verdict::noted(format!("{accepted} specs accepted")));
    }
    let more = match refused.len().saturating_sub(MOST_SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    refused.truncate(MOST_SHOWN);
    Ok(Verdict::warning(format!(
        "the schema allows specs that `fit` rejects: {}{more}; restrict the schema, for example with `#[schemars(range(…))]`",
        refused.join("; ")
    )))
}
