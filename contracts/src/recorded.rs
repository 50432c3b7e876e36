//! A test that compares the contract with the record in `tests/recorded`, so that no change of what
//! crosses the boundary goes unnoticed.
//!
//! To record a change that is intended:
//!
//! ```text
//! PROTEA_RECORD=1 cargo test -p protea-contracts --all-features recorded
//! ```

use std::{collections::BTreeSet, fs, path::Path};

use schemars::JsonSchema;
use semver::Version;
use serde_json::{Map, Value, json};

use crate::{
    abi,
    descriptor::{self, Descriptor},
    event::{METRIC, MetricEvent, PROGRESS, ProgressEvent, STAGE, StageEvent},
    operation::{Evaluate, Explain, Export, Fit, Operation, OperationKind, Predict},
    version::CONTRACT_VERSION,
};

const RULES: &str = "\
A major version breaks: something that crossed the boundary was removed, renamed, moved, retyped or
  made required. Runners built before do not load any more. Look for another way first.
A minor version adds: a field with a default, an operation, a kind of error, a function at the end.
  Runners built before still load.
A patch changes nothing that crosses the boundary.
If the change is intended, set the version in Cargo.toml by these rules, and record it:
  PROTEA_RECORD=1 cargo test -p protea-contracts --all-features recorded";

#[test]
fn the_contract_is_the_recorded_one() {
    check("schemas.json", &schemas());
    check("values.json", &values());
    // Sizes and offsets are those of a 64-bit machine.
    #[cfg(target_pointer_width = "64")]
    check("layout.json", &layout());
    check("header.json", &header());
}

fn check(name: &str, today: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(name);
    let recorded: Value = fs::read_to_string(&file)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let mut changes = Changes::default();
    if !recorded.is_null() {
        changes.compare("", &recorded["contract"], today);
    }
    let version = Version::parse(CONTRACT_VERSION).unwrap();
    let recorded_version = recorded["version"]
        .as_str()
        .map_or(version.clone(), |text| Version::parse(text).unwrap());
    let breaks = !changes.breaking.is_empty() && version.major <= recorded_version.major;
    if std::env::var_os("PROTEA_RECORD").is_some() && !breaks {
        let record = json!({ "version": CONTRACT_VERSION, "contract": today });
        let text = serde_json::to_string_pretty(&record).unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text + "\n").unwrap();
        return;
    }
    assert!(!recorded.is_null(), "there is no {}", file.display());
    let needed = match (changes.breaking.len(), changes.added.len()) {
        (0, 0) => return,
        (0, _) => "minor",
        _ => "major",
    };
    panic!(
        "the contract {CONTRACT_VERSION} is not the one recorded for {recorded_version} in {}.\n\
         This needs a new {needed} version.\nbreaking: {:#?}\nadded: {:#?}\n\n{RULES}",
        file.display(),
        changes.breaking,
        changes.added,
    );
}

#[derive(Default)]
struct Changes {
    breaking: Vec<String>,
    added: Vec<String>,
}

impl Changes {
    fn compare(&mut self, place: &str, recorded: &Value, today: &Value) {
        match (recorded, today) {
            (Value::Object(recorded), Value::Object(today)) => {
                for (key, value) in recorded {
                    let place = format!("{place}/{key}");
                    match today.get(key) {
                        Some(now) => self.compare(&place, value, now),
                        None => self.breaking.push(format!("{place} is gone")),
                    }
                }
                for key in today.keys().filter(|key| !recorded.contains_key(*key)) {
                    // A new list of required fields makes its fields required.
                    let changes = if key == "required" {
                        &mut self.breaking
                    } else {
                        &mut self.added
                    };
                    changes.push(format!("{place}/{key}"));
                }
            }
            (Value::Array(recorded), Value::Array(today)) => {
                self.compare_lists(place, recorded, today);
            }
            (recorded, today) if recorded == today => {}
            (recorded, today) => self
                .breaking
                .push(format!("{place} was {recorded} and is {today}")),
        }
    }

    /// Lists grow at the end, except lists of required fields, which do not grow at all.
    fn compare_lists(&mut self, place: &str, recorded: &[Value], today: &[Value]) {
        let is_required = place.ends_with("/required");
        // The variants of a type have no order.
        let is_set = is_required || place.ends_with("/oneOf") || place.ends_with("/enum");
        if is_set {
            for value in recorded.iter().filter(|value| !today.contains(value)) {
                self.breaking.push(format!("{place}: {value} is gone"));
            }
        } else {
            for (index, value) in recorded.iter().enumerate() {
                let place = format!("{place}/{index}");
                match today.get(index) {
                    Some(now) => self.compare(&place, value, now),
                    None => self.breaking.push(format!("{place} is gone")),
                }
            }
        }
        let more: Vec<&Value> = if is_set {
            let new = today.iter().filter(|value| !recorded.contains(value));
            new.collect()
        } else {
            today.iter().skip(recorded.len()).collect()
        };
        for value in more {
            let changes = if is_required {
                &mut self.breaking
            } else {
                &mut self.added
            };
            changes.push(format!("{place}: {value}"));
        }
    }
}

#[test]
fn changes_are_told_from_additions() {
    let compare = |recorded: Value, today: Value| {
        let mut changes = Changes::default();
        changes.compare("", &recorded, &today);
        (changes.breaking.len(), changes.added.len())
    };
    assert_eq!(
        compare(json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
        (0, 1)
    );
    assert_eq!(compare(json!({ "a": 1 }), json!({ "b": 1 })), (1, 1));
    assert_eq!(compare(json!({ "a": 1 }), json!({ "a": "1" })), (1, 0));
    let required = |fields: &[&str]| json!({ "required": fields });
    assert_eq!(compare(required(&["a"]), required(&["a", "b"])), (1, 0));
    assert_eq!(compare(json!({}), required(&["a"])), (1, 0));
    let fields = |names: &[&str]| json!({ "fields": names });
    assert_eq!(compare(fields(&["a"]), fields(&["a", "b"])), (0, 1));
    assert_eq!(compare(fields(&["a", "b"]), fields(&["b", "a"])), (2, 0));
}

/// The schema of a type, without descriptions: they may be reworded.
fn schema<T: JsonSchema>() -> Value {
    let mut schema = schemars::schema_for!(T).to_value();
    without_descriptions(&mut schema);
    schema
}

fn without_descriptions(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("description").is_some_and(Value::is_string) {
                object.remove("description");
            }
            object.values_mut().for_each(without_descriptions);
        }
        Value::Array(values) => values.iter_mut().for_each(without_descriptions),
        _ => {}
    }
}

fn schemas() -> Value {
    fn both<O: Operation<Request: JsonSchema, Response: JsonSchema>>() -> [Value; 2] {
        [schema::<O::Request>(), schema::<O::Response>()]
    }
    let mut schemas = Map::new();
    for operation in OperationKind::ALL {
        let [request, response] = match operation {
            OperationKind::Fit => both::<Fit>(),
            OperationKind::Evaluate => both::<Evaluate>(),
            OperationKind::Export => both::<Export>(),
            OperationKind::Explain => both::<Explain>(),
            OperationKind::Predict => both::<Predict>(),
        };
        schemas.insert(format!("{operation} request"), request);
        schemas.insert(format!("{operation} response"), response);
    }
    for (name, schema) in [
        ("error", schema::<crate::RunnerError>()),
        ("panic", schema::<abi::recorded::Panic>()),
        ("capabilities", schema::<crate::Capabilities>()),
        ("progress event", schema::<ProgressEvent>()),
        ("metric event", schema::<MetricEvent<'_>>()),
        ("stage event", schema::<StageEvent<'_>>()),
        ("reference model", schema::<crate::ReferenceModel>()),
    ] {
        schemas.insert(name.to_owned(), schema);
    }
    schemas.into()
}

fn values() -> Value {
    let operations: Vec<Value> = OperationKind::ALL
        .iter()
        .map(|operation| {
            json!({
                "name": operation.name(),
                "since": operation.since(),
                "has_output": operation.has_output(),
            })
        })
        .collect();
    let levels = [0, 1, 2, 3].map(|number| {
        let level = crate::Level::from_number(number);
        json!([number, level])
    });
    json!({
        "operations": operations,
        "events": [PROGRESS, METRIC, STAGE],
        "levels": levels,
        "model file": crate::model::FILE_NAME,
        "descriptor": {
            "size": descriptor::SIZE,
            "magic": descriptor::MAGIC,
            "section": ".protea or, on Apple's systems, __DATA,__protea",
            "example": Descriptor::encode("name", "1.2.3", "1.0.0", "Summary")[..48],
        },
        "outcomes": abi::recorded::outcomes(),
        "symbols": [
            String::from_utf8_lossy(abi::plugin::SYMBOL).trim_end_matches('\0'),
            abi::c::SYMBOL,
        ],
    })
}

fn layout() -> Value {
    let types = abi::recorded::layouts();
    let names: BTreeSet<&str> = types.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        BTreeSet::from(["Outcome", "RunnerModule", "SinkFunctions", "SinkHandle"])
    );
    types.into()
}

/// The structs and the constants that the C header declares.
fn header() -> Value {
    let header = include_str!("../include/protea_runner.h");
    let mut comments = header.split("/*");
    let mut code = comments.next().unwrap().to_owned();
    for part in comments {
        code.push_str(part.split_once("*/").unwrap().1);
    }
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut declared = Map::new();
    for line in code.lines().filter(|line| !line.ends_with('\\')) {
        let Some((name, value)) = line
            .strip_prefix("#define ")
            .and_then(|line| line.split_once(' '))
        else {
            continue;
        };
        // The version is compared by another test; what has parameters is not a constant.
        if name != "PROTEA_CONTRACT_VERSION" && !name.contains('(') {
            // Some are defined once per platform.
            let values = declared.entry(name.to_owned()).or_insert(json!([]));
            values.as_array_mut().unwrap().push(one_line(value).into());
        }
    }
    for declaration in code.split("struct protea_").skip(1) {
        let Some((name, fields)) = declaration.split_once('{') else {
            continue;
        };
        let fields = fields.split_once('}').unwrap().0.split(';').map(one_line);
        let fields: Vec<String> = fields.filter(|field| !field.is_empty()).collect();
        if name.trim().chars().all(|c| c.is_ascii_lowercase()) {
            declared.insert(format!("struct protea_{}", name.trim()), json!(fields));
        }
    }
    declared.into()
}
