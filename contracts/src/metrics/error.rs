//! Why metrics are refused.

use serde_json::Value;

/// Why metrics do not match the schema that their runner declared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// A declared metric is missing.
    #[error(
        "the metric {name} is declared but was not returned; {}",
        shown_returned(returned)
    )]
    Missing {
        /// Its flattened name.
        name: String,
        /// The flattened names of the metrics that were returned, of the same group if it has any.
        returned: Vec<String>,
    },
    /// A value is not a finite number.
    #[error("the metric {name} is {}, not a finite number", shown_value(value))]
    NotANumber {
        /// Its flattened name.
        name: String,
        /// The value.
        value: Value,
    },
    /// A value is outside the declared range.
    #[error("the metric {name} is {value}, outside its declared range {range}")]
    OutOfRange {
        /// Its flattened name.
        name: String,
        /// The value.
        value: f64,
        /// The range.
        range: String,
    },
}

/// A value that is not a finite number, for a message.
fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) if text.parse::<f64>().is_ok_and(|value| !value.is_finite()) => {
            text.clone()
        }
        Value::Null => "null (in JSON, NaN and infinity become null)".to_owned(),
        value => value.to_string(),
    }
}

/// At most so many names of metrics are in a message.
const MOST_SHOWN: usize = 5;

fn shown_returned(returned: &[String]) -> String {
    let first = &returned[..returned.len().min(MOST_SHOWN)];
    match returned.len() {
        0 => "no metric was returned".to_owned(),
        1 => format!("the only metric returned is {:?}", returned[0]),
        count if count > MOST_SHOWN => {
            let more = count - MOST_SHOWN;
            format!("the metrics returned are {first:?} and {more} more")
        }
        _ => format!("the metrics returned are {first:?}"),
    }
}
