//! The contenders of a benchmark: their names, runners and settings.

use std::{collections::BTreeMap, path::Path};

use protea_core::{
    Catalog, CatalogError, Dataset, Isolation, LoadError, Runner, experiment::Entrant,
};
use serde_json::{Value, json};

use crate::{
    baseline::{BASELINE, METHOD, METHODS},
    commands::data_needs,
    exit::Exit,
    failure::Failure,
    spec,
};

/// A contender as the command line describes it.
#[derive(Debug, PartialEq)]
pub struct ContenderArgs {
    /// Its name in `--runners`.
    pub name: String,
    /// The runner's name.
    pub runner: String,
    /// The settings.
    pub spec: Value,
}

/// Reads `--runners`, `--spec` and `--set`.
pub fn read(
    names: &[String],
    specs: &[String],
    set: &[String],
) -> Result<Vec<ContenderArgs>, Failure> {
    let mut entrants: Vec<ContenderArgs> = Vec::new();
    for name in names {
        if entrants.iter().any(|entrant| entrant.name == *name) {
            return Err(usage(format!(
                "{name} is in --runners twice; give one of them a label, such as {name}@2"
            )));
        }
        entrants.push(entrant(name)?);
    }
    let split = |option: &str, text: &str, separator: char| {
        let (name, rest) = text.split_once(separator).unwrap_or((text, ""));
        if names.iter().any(|known| known == name) {
            return Ok((name.to_owned(), rest.to_owned()));
        }
        Err(usage(format!(
            "{option} {text}: {name:?} is not in --runners; write {option} {}",
            match option {
                "--spec" => "NAME=FILE, such as --spec knn=knn.yaml",
                _ => "NAME.KEY=VALUE, such as --set knn.k=5",
            }
        )))
    };
    let mut files = BTreeMap::new();
    for text in specs {
        let (name, file) = split("--spec", text, '=')?;
        if files.insert(name.clone(), file).is_some() {
            return Err(usage(format!("--spec is given twice for {name}")));
        }
    }
    let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in set {
        let (name, setting) = split("--set", text, '.')?;
        settings.entry(name).or_default().push(setting);
    }
    for entrant in &mut entrants {
        let file = files.get(&entrant.name).map(Path::new);
        let set = settings.remove(&entrant.name).unwrap_or_default();
        add(entrant, spec::read(file, &set)?)?;
    }
    Ok(entrants)
}

/// `RUNNER`, `RUNNER@LABEL`, or the same with a method of the baseline.
fn entrant(name: &str) -> Result<ContenderArgs, Failure> {
    let (runner, label) = match name.split_once('@') {
        Some((runner, label)) => (runner, Some(label)),
        None => (name, None),
    };
    let is_word = |text: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=64).contains(&text.len()) && text.bytes().all(legal)
    };
    if !is_word(runner) || label.is_some_and(|label| !is_word(label)) {
        return Err(usage(format!(
            "{name:?} in --runners is neither NAME nor NAME@LABEL (letters, digits, '-' and '_')"
        )));
    }
    let is_method = METHODS.contains(&runner);
    Ok(ContenderArgs {
        name: name.to_owned(),
        runner: if is_method { BASELINE } else { runner }.to_owned(),
        spec: if is_method {
            json!({ METHOD: runner })
        } else {
            json!({})
        },
    })
}

/// Adds settings. The method that the name implies cannot be changed.
fn add(entrant: &mut ContenderArgs, settings: Value) -> Result<(), Failure> {
    let (Value::Object(spec), Value::Object(settings)) = (&mut entrant.spec, settings) else {
        return Ok(());
    };
    for (key, value) in settings {
        if let Some(implied) = spec.get(&key)
            && *implied != value
        {
            return Err(usage(format!(
                "{} is {BASELINE} with the {key} {implied}; it cannot be {value}",
                entrant.name
            )));
        }
        spec.insert(key, value);
    }
    Ok(())
}

/// Fails if no runner has the name, which is probably misspelt.
fn check_name(entrant: &ContenderArgs, catalog: &Catalog) -> Result<(), Failure> {
    match catalog.find(&entrant.runner) {
        Err(error @ CatalogError::Unknown { .. }) => {
            let methods = METHODS.join(", ");
            let note = format!("the methods of {BASELINE} are names too: {methods}");
            Err(Failure::from(error).with_note(note))
        }
        _ => Ok(()),
    }
}

fn usage(message: String) -> Failure {
    Failure::new(Exit::Usage, message)
}

/// The contenders and their runners, each loaded once.
pub struct Field<'e> {
    named: &'e [ContenderArgs],
    runners: BTreeMap<&'e str, Result<Runner, String>>,
}

impl<'e> Field<'e> {
    /// Checks the names and the settings and loads the runners. A runner that exists and does not
    /// load is not an error here: its contenders have no scores.
    pub fn load(
        named: &'e [ContenderArgs],
        catalog: &Catalog,
        isolation: &Isolation,
    ) -> Result<Self, Failure> {
        for entrant in named {
            check_name(entrant, catalog)?;
        }
        let mut runners = BTreeMap::new();
        for entrant in named {
            let runner = runners.entry(&*entrant.runner).or_insert_with(|| {
                let entry = catalog.find(&entrant.runner);
                let runner = entry.map_err(LoadError::from);
                let runner = runner.and_then(|entry| Runner::load(&entry, isolation));
                runner.map_err(|error| Failure::from(error).message)
            });
            if let Ok(runner) = runner {
                runner.resolve_spec(&entrant.spec).map_err(|error| {
                    let mut failure = Failure::from(error);
                    failure.message = format!("{}: {}", entrant.name, failure.message);
                    failure
                })?;
            }
        }
        Ok(Self { named, runners })
    }

    /// The first runner that was loaded.
    pub fn first(&self) -> Option<&Runner> {
        self.runners
            .values()
            .find_map(|runner| runner.as_ref().ok())
    }

    /// The entrants of the host's benchmark, in the order of `--runners`. One that needs something
    /// that the datasets do not have gets no scores.
    pub fn entrants(&self, train: &Dataset, eval: &Dataset) -> Vec<Entrant> {
        let entrant = |named: &ContenderArgs| Entrant {
            name: named.name.clone(),
            runner_name: named.runner.clone(),
            spec: named.spec.clone(),
            runner: match self.runners.get(&*named.runner) {
                Some(Ok(runner)) => match data_needs::problem(runner, &named.spec, train, eval) {
                    Some(problem) => Err(problem),
                    None => Ok(runner.clone()),
                },
                Some(Err(reason)) => Err(reason.clone()),
                None => Err("its runner was not loaded".to_owned()),
            },
        };
        self.named.iter().map(entrant).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(names: &str, specs: &[&str], set: &[&str]) -> Result<Vec<ContenderArgs>, String> {
        let owned = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        read(&names, &owned(specs), &owned(set)).map_err(|failure| failure.message)
    }

    #[test]
    fn settings_belong_to_the_contender_that_they_name() {
        let read = read_from(
            "naive,diamond@bits,knn,knn@k30",
            &[],
            &[
                "knn@k30.k=30",
                "diamond@bits.transfer=bit_score",
                "knn@k30.a.b=x",
            ],
        );
        let entrant = |name: &str, runner: &str, spec: Value| ContenderArgs {
            name: name.to_owned(),
            runner: runner.to_owned(),
            spec,
        };
        assert_eq!(
            read.unwrap(),
            [
                entrant("naive", "baseline", json!({ "method": "naive" })),
                entrant(
                    "diamond@bits",
                    "baseline",
                    json!({ "method": "diamond", "transfer": "bit_score" })
                ),
                entrant("knn", "knn", json!({})),
                entrant("knn@k30", "knn", json!({ "k": 30, "a": { "b": "x" } })),
            ]
        );
    }

    #[test]
    fn unknown_and_contradictory_names_are_refused() {
        let cases: [(&str, &[&str], &[&str], &str); 8] = [
            ("knn,knn", &[], &[], "twice"),
            ("knn,", &[], &[], "neither NAME nor NAME@LABEL"),
            ("knn@", &[], &[], "neither NAME nor NAME@LABEL"),
            ("knn@a.b", &[], &[], "neither NAME nor NAME@LABEL"),
            ("knn", &[], &["k=5"], "\"k=5\" is not in --runners"),
            ("knn@a", &[], &["knn.k=5"], "\"knn\" is not in --runners"),
            (
                "knn",
                &["blast=x.yaml"],
                &[],
                "\"blast\" is not in --runners",
            ),
            ("blast", &[], &["blast.method=naive"], "cannot be \"naive\""),
        ];
        for (names, specs, set, part) in cases {
            let message = read_from(names, specs, set).unwrap_err();
            assert!(message.contains(part), "{names}: {message}");
        }
        assert!(read_from("blast", &[], &["blast.method=blast"]).is_ok());
    }
}
