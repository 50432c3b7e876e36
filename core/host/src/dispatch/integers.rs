//! Numbers such as `5.0` where a schema wants an integer.

use boon::{ErrorKind, Type, ValidationError};
use serde_json::Value;

/// Whether an error, or one that led to it, is that the value at `pointer` is not an integer.
pub(super) fn is_about_integer(error: &ValidationError<'_, '_>, pointer: &str) -> bool {
    let wants = match &error.kind {
        ErrorKind::Type { want, .. } => want.iter().any(|kind| kind == Type::Integer),
        _ => false,
    };
    let is_here = wants && error.instance_location.to_string() == pointer;
    is_here
        || error
            .causes
            .iter()
            .any(|cause| is_about_integer(cause, pointer))
}

/// The spec with integers in place of numbers such as `5.0`, where `wants_integer` says that half a
/// one more is not an integer there.
pub(super) fn with_integers(spec: &Value, wants_integer: impl Fn(&Value, &str) -> bool) -> Value {
    let mut integral = Vec::new();
    integral_floats(spec, &mut String::new(), &mut integral);
    let mut changed = spec.clone();
    for (pointer, number) in integral {
        // Whether half a one more is a fault there says what the schema wants, through references
        // and alternatives.
        let mut probe = spec.clone();
        if let Some(place) = probe.pointer_mut(&pointer) {
            *place = (number as f64 + 0.5).into();
        }
        if wants_integer(&probe, &pointer)
            && let Some(place) = changed.pointer_mut(&pointer)
        {
            *place = number.into();
        }
    }
    changed
}

/// The numbers of a spec that are written with a point and have no fraction, with their places.
fn integral_floats(value: &Value, pointer: &mut String, into: &mut Vec<(String, i64)>) {
    /// Beyond this, a number stands for several integers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let length = pointer.len();
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() < EXACT {
                into.push((pointer.clone(), float as i64));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                integral_floats(item, pointer, into);
                pointer.truncate(length);
            }
        }
        Value::Object(settings) => {
            for (name, setting) in settings {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                integral_floats(setting, pointer, into);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}
