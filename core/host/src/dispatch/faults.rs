//! Describes in a sentence why a value does not match the schema.

use boon::{ErrorKind, Type, Types, ValidationError};
use serde_json::Value;

/// A value is quoted up to this many characters.
const LONGEST_VALUE: usize = 80;
/// From this Jaro-Winkler similarity on, a name is offered in place of another.
const LIKE: f64 = 0.75;

/// What is wrong with `value`, at which `error` is.
pub(super) fn message(error: &ValidationError<'_, '_>, value: &Value) -> String {
    let value = quoted(value);
    match &error.kind {
        ErrorKind::Type { want, .. } => format!("{value} is not {}", kinds(*want)),
        ErrorKind::Enum { want } => one_of(&value, want.iter()),
        ErrorKind::Const { want } => format!("{value} is not {}", quoted(want)),
        ErrorKind::Minimum { want, .. } => format!("{value} is less than the minimum {want}"),
        ErrorKind::Maximum { want, .. } => format!("{value} is more than the maximum {want}"),
        ErrorKind::ExclusiveMinimum { want, .. } => format!("{value} is not more than {want}"),
        ErrorKind::ExclusiveMaximum { want, .. } => format!("{value} is not less than {want}"),
        ErrorKind::MultipleOf { want, .. } => format!("{value} is not a multiple of {want}"),
        ErrorKind::MinLength { want, .. } => {
            format!("{value} is shorter than {want} characters")
        }
        ErrorKind::MaxLength { want, .. } => format!("{value} is longer than {want} characters"),
        ErrorKind::Pattern { want, .. } => format!("{value} does not match the pattern {want:?}"),
        ErrorKind::MinItems { got, want } => {
            format!("the list has {got} items; it needs at least {want}")
        }
        ErrorKind::MaxItems { got, want } => {
            format!("the list has {got} items; it may have at most {want}")
        }
        ErrorKind::UniqueItems { got: [one, other] } => {
            format!("the items {one} and {other} of the list are equal")
        }
        ErrorKind::Required { want } => match want.as_slice() {
            [one] => format!("the setting {one:?} is missing"),
            several => format!("the settings {} are missing", list(several)),
        },
        ErrorKind::AdditionalProperties { got } => match got.as_slice() {
            [one] => format!("there is no setting {one:?}"),
            several => format!("there are no settings {}", list(several)),
        },
        ErrorKind::FalseSchema => format!("{value} is not allowed here"),
        ErrorKind::OneOf(Some(_)) => format!("{value} fits more than one of the alternatives"),
        ErrorKind::OneOf(None) | ErrorKind::AnyOf => {
            let mut allowed = Vec::new();
            if single_values(error, error, &mut allowed) {
                one_of(&value, allowed.into_iter())
            } else {
                format!("{value} fits none of the alternatives")
            }
        }
        kind => format!("{value} is not valid: {kind}"),
    }
}

/// The values that the alternatives allow, if each allows only certain values; whether that is so.
fn single_values<'s>(
    root: &ValidationError<'s, '_>,
    error: &ValidationError<'s, '_>,
    allowed: &mut Vec<&'s Value>,
) -> bool {
    if !error.causes.is_empty() {
        let mut causes = error.causes.iter();
        return causes.all(|cause| single_values(root, cause, allowed));
    }
    if error.instance_location.to_string() != root.instance_location.to_string() {
        return false;
    }
    match &error.kind {
        ErrorKind::Const { want } => allowed.push(want),
        ErrorKind::Enum { want } => allowed.extend(want.iter()),
        ErrorKind::Type { want, .. } if want.iter().eq([Type::Null]) => allowed.push(&Value::Null),
        _ => return false,
    }
    true
}

fn one_of<'v>(value: &str, allowed: impl Iterator<Item = &'v Value>) -> String {
    let allowed: Vec<String> = allowed.map(quoted).collect();
    match allowed.as_slice() {
        [one] => format!("{value} is not {one}"),
        several => {
            let nearest = match nearest(value, several.iter().map(String::as_str)) {
                Some(name) => format!("; did you mean {name}?"),
                None => String::new(),
            };
            format!("{value} is not one of {}{nearest}", several.join(", "))
        }
    }
}

/// The name that `wrong` is most likely a misspelling of; none if all of them are unlike it.
pub(super) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.trim_matches('"').to_lowercase();
    let wrong = plain(wrong);
    names
        .map(|name| (strsim::jaro_winkler(&wrong, &plain(name)), name))
        .filter(|(likeness, _)| *likeness > LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn kinds(want: Types) -> String {
    let names: Vec<&str> = want.iter().map(kind).collect();
    names.join(" or ")
}

fn kind(of: Type) -> &'static str {
    match of {
        Type::Null => "null",
        Type::Boolean => "a boolean",
        Type::Number => "a number",
        Type::Integer => "an integer",
        Type::String => "a string",
        Type::Array => "a list",
        Type::Object => "an object",
    }
}

fn list(names: &[impl std::fmt::Debug]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    names.join(", ")
}

fn quoted(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
