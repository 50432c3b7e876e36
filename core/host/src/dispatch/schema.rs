//! The JSON Schema that a runner gives for its spec, compiled.
//!
//! The crate `boon` validates. It builds in a tenth of the time of `jsonschema` and knows the same
//! drafts. Its patterns are those of the crate `regex`: a schema with look-around in a pattern
//! cannot be used.

use std::{fmt, sync::Arc};

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value;

use super::{
    faults, integers,
    schema_cost::{self, TIME, in_time},
};

/// The base of relative references in a schema. Nothing is ever read from there.
const BASE: &str = "protea:/spec-schema";

/// A compiled schema. Compile it once for several specs.
#[derive(Clone)]
pub struct SpecSchema(Arc<Compiled>);

struct Compiled {
    schemas: Schemas,
    index: SchemaIndex,
}

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is not a valid schema of the draft that it names, or of draft 2020-12 if it names none.
    #[error("{0}")]
    Invalid(String),
    /// It refers to something that it does not contain, or has a pattern that cannot be compiled.
    #[error("{0}")]
    Unusable(String),
    /// It is too large, or using it takes too long.
    #[error("{0}")]
    Costly(String),
}

/// The first fault of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpecFault {
    /// JSON pointer to the value that is wrong. Where a setting is unknown, to the object that has
    /// it.
    pub pointer: String,
    /// The name of a setting that the schema does not allow there.
    pub unknown_setting: Option<String>,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
    /// How many other faults there are.
    pub others: usize,
}

impl SpecSchema {
    /// Compiles a schema. References are followed inside it only: no file and no server is asked.
    ///
    /// # Errors
    ///
    /// When it is not a JSON Schema, or not one that can be used by itself;
    /// [`SchemaError::Costly`].
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        schema_cost::check(schema).map_err(SchemaError::Costly)?;
        let schema = schema.clone();
        let compiled = in_time("compiling it", TIME, move || {
            schema_cost::check_patterns(&schema).map_err(SchemaError::Costly)?;
            let mut schemas = Schemas::new();
            let mut compiler = Compiler::new();
            compiler.use_loader(Box::new(NoLoader));
            compiler
                .add_resource(BASE, schema)
                .map_err(|error| explained(&error))?;
            let index = compiler
                .compile(BASE, &mut schemas)
                .map_err(|error| explained(&error))?;
            Ok(Compiled { schemas, index })
        });
        let compiled = compiled.map_err(SchemaError::Costly)??;
        Ok(Self(Arc::new(compiled)))
    }

    /// Whether the schema allows this spec. No, if that takes too long to find out.
    #[must_use]
    pub fn allows(&self, spec: &Value) -> bool {
        matches!(self.fault(spec), Ok(None))
    }

    /// The spec with integers in place of numbers such as `5.0`, wherever the schema wants an integer.
    /// JSON Schema takes `5.0` for an integer; most programming languages do not. The spec must be one
    /// that the schema allows.
    #[must_use]
    pub fn with_integers(&self, spec: &Value) -> Value {
        integers::with_integers(spec, |probe, pointer| {
            let validated = self.0.schemas.validate(probe, self.0.index);
            validated.is_err_and(|error| integers::is_about_integer(&error, pointer))
        })
    }

    /// The first fault of a spec; `None` if the schema allows it.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Costly`].
    pub fn fault(&self, spec: &Value) -> Result<Option<SpecFault>, SchemaError> {
        let (compiled, spec) = (Arc::clone(&self.0), spec.clone());
        in_time("checking a spec", TIME, move || compiled.fault(&spec)).map_err(SchemaError::Costly)
    }
}

impl Compiled {
    fn fault(&self, spec: &Value) -> Option<SpecFault> {
        let error = self.schemas.validate(spec, self.index).err()?;
        let mut leaves = Vec::new();
        collect(&error, &mut leaves);
        let (first, others) = leaves.split_first()?;
        let pointer = first.instance_location.to_string();
        let value = spec.pointer(&pointer).unwrap_or(&Value::Null);
        Some(SpecFault {
            unknown_setting: match &first.kind {
                ErrorKind::AdditionalProperties { got } => {
                    got.first().map(|name| name.clone().into_owned())
                }
                _ => None,
            },
            message: faults::message(first, value),
            others: others.len(),
            pointer,
        })
    }
}

impl fmt::Debug for SpecSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SpecSchema").finish_non_exhaustive()
    }
}

/// A runner's schema must not make the host read files.
struct NoLoader;

impl UrlLoader for NoLoader {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err(format!("{url} is not part of the schema").into())
    }
}

fn explained(error: &CompileError) -> SchemaError {
    match error {
        CompileError::ValidationError { src, .. } => {
            let mut leaves = Vec::new();
            collect(src, &mut leaves);
            let first = leaves.first().copied().unwrap_or(src);
            match &first.kind {
                ErrorKind::Format {
                    got,
                    want: "regex",
                    err,
                } => unsupported(&got.to_string(), &err.to_string()),
                kind => {
                    let place = first.instance_location.to_string();
                    SchemaError::Invalid(format!("at {place:?}: {kind}"))
                }
            }
        }
        CompileError::LoadUrlError { src, .. } => SchemaError::Unusable(src.to_string()),
        CompileError::InvalidRegex { regex, src, .. } => {
            unsupported(&format!("{regex:?}"), &src.to_string())
        }
        error => SchemaError::Unusable(error.to_string().replace(BASE, "")),
    }
}

/// `regex` explains a pattern on several lines and names the problem on the last one.
fn unsupported(pattern: &str, explanation: &str) -> SchemaError {
    let problem = explanation.lines().last().unwrap_or_default();
    let problem = problem.trim_start_matches("error: ");
    SchemaError::Unusable(format!("the pattern {pattern} is not supported: {problem}"))
}

/// The errors that say something by themselves, in the order of the instance.
///
/// If none of several alternatives matches, this is one error, because the reason of each
/// alternative is different and none of them alone is the mistake.
fn collect<'e, 's, 'v>(
    error: &'e ValidationError<'s, 'v>,
    leaves: &mut Vec<&'e ValidationError<'s, 'v>>,
) {
    let is_alternative = matches!(
        error.kind,
        ErrorKind::AnyOf | ErrorKind::OneOf(_) | ErrorKind::Not
    );
    if error.causes.is_empty() || is_alternative {
        leaves.push(error);
        return;
    }
    for cause in &error.causes {
        collect(cause, leaves);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(schema: Value, spec: Value) -> (String, String) {
        let schema = SpecSchema::new(&schema).expect("the schema is sound");
        assert!(!schema.allows(&spec));
        let fault = schema.fault(&spec).expect("the schema is cheap");
        let fault = fault.expect("the spec has a fault");
        (fault.pointer, fault.message)
    }

    #[test]
    fn the_first_fault_has_a_pointer_and_a_sentence() {
        let settings = json!({
            "type": "object",
            "properties": {
                "k": { "type": "integer", "minimum": 1 },
                "share": { "type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1 },
                "metric": { "$ref": "#/$defs/Metric" },
                "also": { "anyOf": [{ "$ref": "#/$defs/Metric" }, { "type": "null" }] },
                "names": { "type": "array", "items": { "type": "string", "pattern": "^[a-z]+$" } },
                "a/b": { "enum": [1, "two", null] },
            },
            "required": ["k"],
            "additionalProperties": false,
            "$defs": { "Metric": { "oneOf": [{ "const": "cosine" }, { "const": "l2" }] } },
        });
        for (spec, pointer, message) in [
            (json!({ "k": 0 }), "/k", "0 is less than the minimum 1"),
            (json!({ "k": "5" }), "/k", "\"5\" is not an integer"),
            (json!({ "k": 1.5 }), "/k", "1.5 is not an integer"),
            (
                json!({ "k": 1, "share": 0 }),
                "/share",
                "0 is not more than 0",
            ),
            (
                json!({ "k": 1, "share": 2 }),
                "/share",
                "2 is more than the maximum 1",
            ),
            (
                json!({ "k": 1, "share": true }),
                "/share",
                "true is not null or a number",
            ),
            (
                json!({ "k": 1, "metric": "l3" }),
                "/metric",
                "\"l3\" is not one of \"cosine\", \"l2\"",
            ),
            (
                json!({ "k": 1, "metric": "cosin" }),
                "/metric",
                "\"cosin\" is not one of \"cosine\", \"l2\"; did you mean \"cosine\"?",
            ),
            (
                json!({ "k": 1, "also": 3 }),
                "/also",
                "3 is not one of \"cosine\", \"l2\", null",
            ),
            (
                json!({ "k": 1, "names": ["a", "B"] }),
                "/names/1",
                "\"B\" does not match the pattern \"^[a-z]+$\"",
            ),
            (
                json!({ "k": 1, "a/b": 2 }),
                "/a~1b",
                "2 is not one of 1, \"two\", null",
            ),
            (json!({}), "", "the setting \"k\" is missing"),
            (json!([]), "", "[] is not an object"),
        ] {
            let found = fault(settings.clone(), spec);
            assert_eq!(found, (pointer.to_owned(), message.to_owned()));
        }
        let schema = SpecSchema::new(&settings).expect("the schema is sound");
        let fault = schema.fault(&json!({ "k": 0, "kk": 1, "share": 2 }));
        let fault = fault.expect("the schema is cheap");
        let fault = fault.expect("the spec has three faults");
        assert_eq!(fault.others, 2);
        assert!(schema.allows(&json!({ "k": 5.0, "also": null, "share": null })));
        assert_eq!(schema.fault(&json!({ "k": 5 })).expect("it is cheap"), None);
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let schema = json!({ "properties": {}, "additionalProperties": false });
        let schema = SpecSchema::new(&schema).expect("the schema is sound");
        let fault = schema.fault(&json!({ "x": 1 }));
        let fault = fault.expect("it is cheap").expect("x is unknown");
        assert_eq!(fault.unknown_setting.as_deref(), Some("x"));
        assert_eq!(fault.pointer, "");
    }

    #[test]
    fn an_invalid_schema_is_told_from_an_unusable_one() {
        for schema in [
            json!({ "type": "text" }),
            json!({ "minimum": "1" }),
            json!(5),
        ] {
            let error = SpecSchema::new(&schema).expect_err("it is invalid");
            assert!(matches!(error, SchemaError::Invalid(_)), "{error}");
        }
        for (schema, part) in [
            (json!({ "$ref": "#/$defs/Missing" }), "Missing"),
            (
                json!({ "$ref": "file:///etc/hostname" }),
                "not part of the schema",
            ),
            (
                json!({ "$ref": "https://example.org/x" }),
                "not part of the schema",
            ),
            (json!({ "pattern": "(?=a)b" }), "(?=a)b"),
        ] {
            let error = SpecSchema::new(&schema).expect_err("it is unusable");
            assert!(matches!(error, SchemaError::Unusable(_)), "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn every_draft_is_known() {
        for draft in [
            "http://json-schema.org/draft-04/schema#",
            "http://json-schema.org/draft-07/schema#",
            "https://json-schema.org/draft/2019-09/schema",
            "https://json-schema.org/draft/2020-12/schema",
        ] {
            let schema = json!({ "$schema": draft, "properties": { "k": { "type": "integer" } } });
            let schema = SpecSchema::new(&schema).expect("the draft is known");
            assert!(schema.allows(&json!({ "k": 1 })));
            assert!(!schema.allows(&json!({ "k": "1" })), "{draft}");
        }
    }

    /// A schema whose check takes 2^40 steps: each definition refers to the next one twice.
    fn doubling() -> Value {
        let mut definitions = serde_json::Map::new();
        for level in 0..40 {
            let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
            definitions.insert(level.to_string(), json!({ "allOf": [next, next] }));
        }
        definitions.insert("40".to_owned(), json!(true));
        json!({ "$ref": "#/$defs/0", "$defs": definitions })
    }

    #[test]
    fn a_schema_that_takes_for_ever_is_given_up() {
        let schema = SpecSchema::new(&doubling()).expect("it is a schema");
        let error = schema.fault(&json!({})).expect_err("it never ends");
        assert!(matches!(error, SchemaError::Costly(_)), "{error}");
        assert!(error.to_string().contains("takes longer"), "{error}");
    }
}
