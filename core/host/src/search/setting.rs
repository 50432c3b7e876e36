//! A setting that a search varies, and the values that it may take.

use std::{ops::RangeInclusive, str::FromStr};

use optimizer::{
    distribution::{CategoricalDistribution, Distribution, FloatDistribution, IntDistribution},
    param::ParamValue,
};
use serde_json::{Map, Value, json};

use super::error::SearchError;

/// A setting of the spec, and the values that a search tries for it.
///
/// It is named by a dotted key, `a.b`, or by a JSON pointer, `/a/b`. As text:
///
/// | text | values |
/// |---|---|
/// | `k=1,3,5` | these; each is parsed as JSON; otherwise it is a string |
/// | `k=[1, "a,b"]` | the items of the JSON array |
/// | `k=1..30` | the whole numbers from 1 to 30 |
/// | `x=0.1..2.0` | the numbers from 0.1 to 2 |
/// | `x=1e-4..1.0:log` | the same, every order of magnitude as likely as any other |
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    key: String,
    values: Values,
}

/// The values that a search tries for a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// These, in this order.
    List(Vec<Value>),
    /// The whole numbers from `low` to `high`, both included.
    Whole {
        /// The lowest.
        low: i64,
        /// The highest.
        high: i64,
        /// Whether every order of magnitude is as likely as any other.
        log: bool,
    },
    /// The numbers from `low` to `high`, both included.
    Real {
        /// The lowest.
        low: f64,
        /// The highest.
        high: f64,
        /// Whether every order of magnitude is as likely as any other.
        log: bool,
    },
}

impl Setting {
    /// Tries these values.
    #[must_use]
    pub fn list<V: Into<Value>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self {
            key: key.into(),
            values: Values::List(values.into_iter().map(Into::into).collect()),
        }
    }

    /// Tries whole numbers of this range.
    #[must_use]
    pub fn whole(key: impl Into<String>, range: RangeInclusive<i64>) -> Self {
        let (low, high) = range.into_inner();
        let log = false;
        Self {
            key: key.into(),
            values: Values::Whole { low, high, log },
        }
    }

    /// Tries numbers of this range.
    #[must_use]
    pub fn real(key: impl Into<String>, range: RangeInclusive<f64>) -> Self {
        let (low, high) = range.into_inner();
        let log = false;
        Self {
            key: key.into(),
            values: Values::Real { low, high, log },
        }
    }

    /// Makes every order of magnitude of a range as likely as any other. A list stays as it is.
    #[must_use]
    pub fn on_log_scale(mut self) -> Self {
        match &mut self.values {
            Values::List(_) => {}
            Values::Whole { log, .. } | Values::Real { log, .. } => *log = true,
        }
        self
    }

    /// Its name, as it was given.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values that are tried.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The keys from the outermost object to the setting.
    fn path(&self) -> Vec<String> {
        let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
        match self.key.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescaped).collect(),
            None => self.key.split('.').map(str::to_owned).collect(),
        }
    }

    /// The setting as a JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        let escaped = |part: String| format!("/{}", part.replace('~', "~0").replace('/', "~1"));
        self.path().into_iter().map(escaped).collect()
    }

    /// Gives the setting this value in `spec`.
    pub(crate) fn set(&self, spec: &mut Value, value: Value) -> Result<(), SearchError> {
        let mut at = spec;
        for key in self.path() {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            at = match at {
                Value::Object(object) => object.entry(key).or_insert(Value::Null),
                other => {
                    let problem =
                        format!("{key:?} cannot be set in {other}, which is not an object");
                    return Err(SearchError::setting(&self.key, problem));
                }
            };
        }
        *at = value;
        Ok(())
    }

    /// Values that stand for all of them when the runner's schema is asked: every value of a list;
    /// the ends of a range and a number between that is not whole.
    pub(crate) fn samples(&self) -> Vec<Value> {
        match &self.values {
            Values::List(values) => values.clone(),
            Values::Whole { low, high, .. } => vec![json!(low), json!(high)],
            Values::Real { low, high, .. } => {
                vec![json!(low), json!(high), json!(low + (high - low) / 3.1)]
            }
        }
    }

    /// Checks what can be checked without the runner.
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        let invalid = |problem: &str| Err(SearchError::setting(&self.key, problem));
        if self.path().iter().any(String::is_empty) {
            return invalid("its name has an empty part");
        }
        let (ordered, log, positive) = match &self.values {
            Values::List(values) => return self.check_list(values),
            Values::Whole { low, high, log } => (low <= high, *log, *low > 0),
            Values::Real { low, high, log } => {
                if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) {
                    return invalid("the ends of its range are not finite numbers");
                }
                (low <= high, *log, *low > 0.0)
            }
        };
        if !ordered {
            return invalid("its range ends below its beginning");
        }
        if log && !positive {
            return invalid("a range on a log scale must begin above 0");
        }
        Ok(())
    }

    fn check_list(&self, values: &[Value]) -> Result<(), SearchError> {
        if values.is_empty() {
            return Err(SearchError::setting(&self.key, "it has no value to try"));
        }
        for (place, value) in values.iter().enumerate() {
            if values[..place].contains(value) {
                let problem = format!("its value {value} is listed twice");
                return Err(SearchError::setting(&self.key, problem));
            }
        }
        Ok(())
    }

    pub(crate) fn distribution(&self) -> Distribution {
        match self.values {
            Values::List(ref values) => Distribution::Categorical(CategoricalDistribution {
                n_choices: values.len(),
            }),
            Values::Whole { low, high, log } => Distribution::Int(IntDistribution {
                low,
                high,
                log_scale: log,
                step: None,
            }),
            Values::Real { low, high, log } => Distribution::Float(FloatDistribution {
                low,
                high,
                log_scale: log,
                step: None,
            }),
        }
    }

    /// The value that a sampler means.
    pub(crate) fn value(&self, drawn: &ParamValue) -> Value {
        match (&self.values, drawn) {
            (Values::List(values), ParamValue::Categorical(place)) => values[*place].clone(),
            (_, ParamValue::Int(value)) => json!(value),
            (_, ParamValue::Float(value)) => json!(value),
            (_, ParamValue::Categorical(_)) => {
                unreachable!("a place in a list is drawn for lists only")
            }
        }
    }
}

impl FromStr for Setting {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        let invalid = |problem: &str| SearchError::Text {
            text: text.to_owned(),
            problem: problem.to_owned(),
        };
        let (key, values) = text
            .split_once('=')
            .ok_or_else(|| invalid("there is no '=' in it"))?;
        if values.is_empty() {
            return Err(invalid("there is no value after the '='"));
        }
        let values = match range(values) {
            Some(range) => range,
            None if values.contains("..") && !values.contains(['"', '/']) => {
                return Err(invalid(
                    "a range is two numbers, such as 1..30 or 1e-3..1.0:log",
                ));
            }
            None => Values::List(list(values)),
        };
        let key = key.trim().to_owned();
        Ok(Self { key, values })
    }
}

fn range(text: &str) -> Option<Values> {
    let (range, log) = match text.strip_suffix(":log") {
        Some(range) => (range, true),
        None => (text, false),
    };
    let (low, high) = range.split_once("..")?;
    let (low, high) = (low.trim(), high.trim_start_matches('=').trim());
    if let (Ok(low), Ok(high)) = (low.parse(), high.parse()) {
        return Some(Values::Whole { low, high, log });
    }
    let (low, high) = (low.parse().ok()?, high.parse().ok()?);
    Some(Values::Real { low, high, log })
}

fn list(text: &str) -> Vec<Value> {
    if let Ok(Value::Array(values)) = serde_json::from_str(text) {
        return values;
    }
    let value = |part: &str| {
        serde_json::from_str(part).unwrap_or_else(|_| Value::String(part.trim().to_owned()))
    };
    text.split(',').map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Values {
        text.parse::<Setting>().unwrap().values
    }

    #[test]
    fn lists_and_ranges_are_read_from_text() {
        let list = |values: Value| Values::List(values.as_array().unwrap().clone());
        assert_eq!(values("k=1,3,5"), list(json!([1, 3, 5])));
        assert_eq!(values("m=cosine, l2"), list(json!(["cosine", "l2"])));
        assert_eq!(values("t=null,0.5"), list(json!([null, 0.5])));
        assert_eq!(values("t=[\"a,b\", [1]]"), list(json!(["a,b", [1]])));
        assert_eq!(values("f=../a/b"), list(json!(["../a/b"])));
        let (low, high) = (1, 30);
        assert_eq!(
            values("k=1..30"),
            Values::Whole {
                low,
                high,
                log: false
            }
        );
        let (low, high) = (1e-4, 1.0);
        assert_eq!(
            values("x=1e-4..1:log"),
            Values::Real {
                low,
                high,
                log: true
            }
        );
        for wrong in ["k", "k=", "k=1..", "k=a..b", "k=1..2..3"] {
            assert!(wrong.parse::<Setting>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn dotted_keys_and_pointers_name_the_same_setting() {
        for key in ["a.b", "/a/b"] {
            let setting = Setting::list(key, [1]);
            let mut spec = json!({ "a": { "c": 2 } });
            setting.set(&mut spec, json!(1)).unwrap();
            assert_eq!(spec, json!({ "a": { "b": 1, "c": 2 } }));
            assert_eq!(setting.pointer(), "/a/b");
        }
        let mut spec = json!({ "a": 1 });
        assert!(Setting::list("a.b", [1]).set(&mut spec, json!(1)).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_name_of_the_setting() {
        for setting in [
            Setting::list("k", Vec::<i64>::new()),
            Setting::list("k", [1, 1]),
            Setting::list("k.", [1]),
            "k=3..1".parse().unwrap(),
            Setting::whole("k", 0..=1).on_log_scale(),
            Setting::real("k", 0.0..=f64::INFINITY),
            Setting::real("k", -1.0..=1.0).on_log_scale(),
        ] {
            let error = setting.check().unwrap_err().to_string();
            assert!(error.contains("the setting k"), "{error}");
        }
    }
}
