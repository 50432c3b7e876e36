//! A request to `log-batch`: metrics, params and tags within the server's limits.

use std::collections::HashSet;

use serde::Serialize;

use super::limits;
use crate::number;

/// Metrics, params and tags of one run, at most those of one request.
#[derive(Debug, Default)]
pub(super) struct Batch {
    metrics: Items,
    params: Items,
    tags: Items,
    /// Params and tags in the batch. The server accepts each name once in a request.
    keys: HashSet<(Kind, String)>,
}

#[derive(Debug, Default)]
struct Items {
    count: usize,
    json: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    MetricPoint,
    Param,
    Tag,
}

/// The result of adding an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The item is in the batch.
    Added,
    /// The batch is full. Send it, clear it and add the item again.
    Full,
}

#[derive(Serialize)]
struct MetricItem<'a, V: Serialize> {
    key: &'a str,
    value: V,
    timestamp: i64,
    step: i64,
}

#[derive(Serialize)]
struct TextItem<'a> {
    key: &'a str,
    value: &'a str,
}

impl Batch {
    /// Adds a value of a metric. `timestamp` is in milliseconds since 1970.
    pub(super) fn metric(&mut self, key: &str, value: f64, timestamp: i64, step: i64) -> Pushed {
        let json = match number::non_finite(value) {
            Some(value) => json(&MetricItem {
                key,
                value,
                timestamp,
                step,
            }),
            None => json(&MetricItem {
                key,
                value,
                timestamp,
                step,
            }),
        };
        self.push(Kind::MetricPoint, &json)
    }

    /// Adds a param.
    pub(super) fn param(&mut self, key: &str, value: &str) -> Pushed {
        self.text(Kind::Param, key, value)
    }

    /// Adds a tag.
    pub(super) fn tag(&mut self, key: &str, value: &str) -> Pushed {
        self.text(Kind::Tag, key, value)
    }

    /// Whether the batch has no items.
    pub(super) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The body of the request for the run with this id of MLflow.
    pub(super) fn body(&self, run_id: &str) -> Vec<u8> {
        let mut body = b"{\"run_id\":".to_vec();
        body.extend(json(&run_id));
        let lists = [
            ("metrics", &self.metrics),
            ("params", &self.params),
            ("tags", &self.tags),
        ];
        for (name, items) in lists {
            if items.count > 0 {
                body.extend_from_slice(format!(",\"{name}\":[").as_bytes());
                body.extend_from_slice(&items.json);
                body.push(b']');
            }
        }
        body.push(b'}');
        body
    }

    /// Removes all items.
    pub(super) fn clear(&mut self) {
        for items in [&mut self.metrics, &mut self.params, &mut self.tags] {
            items.count = 0;
            items.json.clear();
        }
        self.keys.clear();
    }

    fn text(&mut self, kind: Kind, key: &str, value: &str) -> Pushed {
        let name = (kind, key.to_owned());
        if self.keys.contains(&name) {
            return Pushed::Full;
        }
        let pushed = self.push(kind, &json(&TextItem { key, value }));
        if pushed == Pushed::Added {
            self.keys.insert(name);
        }
        pushed
    }

    fn push(&mut self, kind: Kind, item: &[u8]) -> Pushed {
        let bytes = self.metrics.json.len() + self.params.json.len() + self.tags.json.len();
        let full = self.count() >= limits::ITEMS_OF_BATCH
            || (bytes + item.len() >= limits::BYTES_OF_BATCH && !self.is_empty());
        let (items, most) = match kind {
            Kind::MetricPoint => (&mut self.metrics, limits::METRICS_OF_BATCH),
            Kind::Param => (&mut self.params, limits::PARAMS_OF_BATCH),
            Kind::Tag => (&mut self.tags, limits::TAGS_OF_BATCH),
        };
        if full || items.count >= most {
            return Pushed::Full;
        }
        if items.count > 0 {
            items.json.push(b',');
        }
        items.json.extend_from_slice(item);
        items.count += 1;
        Pushed::Added
    }

    fn count(&self) -> usize {
        self.metrics.count + self.params.count + self.tags.count
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings and numbers can be encoded as JSON")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn non_finite_numbers_are_strings() {
        let mut batch = Batch::default();
        for value in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.1,
            1e300,
            5e-324,
        ] {
            assert_eq!(batch.metric("m", value, 7, 8), Pushed::Added);
        }
        let body: Value = serde_json::from_slice(&batch.body("r")).unwrap();
        let values: Vec<Value> = body["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["value"].clone())
            .collect();
        let expected = serde_json::json!(["NaN", "Infinity", "-Infinity", 0.1, 1e300, 5e-324]);
        assert_eq!(Value::from(values), expected);
    }

    #[test]
    fn a_key_is_in_a_batch_only_once() {
        let mut batch = Batch::default();
        assert_eq!(batch.tag("a", "1"), Pushed::Added);
        assert_eq!(batch.param("a", "1"), Pushed::Added);
        assert_eq!(batch.tag("a", "2"), Pushed::Full);
        batch.clear();
        assert!(batch.is_empty());
        assert_eq!(batch.tag("a", "2"), Pushed::Added);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn batches_keep_the_limits_and_lose_nothing(
            items in proptest::collection::vec((0..3_u8, 0..16_usize), 1..1200),
        ) {
            let mut batch = Batch::default();
            let mut sent = Vec::new();
            for (index, (kind, size)) in items.iter().enumerate() {
                let key = format!("k{index}");
                // A control character takes six bytes in JSON.
                let value = "\u{1}".repeat(size * 150);
                let mut push = || match kind {
                    0 => batch.metric(&key, index as f64, 1, 2),
                    1 => batch.param(&key, &value),
                    _ => batch.tag(&key, &value),
                };
                if push() == Pushed::Full {
                    sent.push(batch.body("run"));
                    batch.clear();
                    let again = match kind {
                        0 => batch.metric(&key, index as f64, 1, 2),
                        1 => batch.param(&key, &value),
                        _ => batch.tag(&key, &value),
                    };
                    prop_assert_eq!(again, Pushed::Added);
                }
            }
            sent.push(batch.body("run"));
            let mut seen = 0;
            for body in sent {
                prop_assert!(body.len() <= 1_000_000, "{}", body.len());
                let body: Value = serde_json::from_slice(&body).unwrap();
                let count = |name: &str| body[name].as_array().map_or(0, Vec::len);
                prop_assert!(count("params") <= 100 && count("tags") <= 100);
                let all = count("metrics") + count("params") + count("tags");
                prop_assert!(all <= 1000);
                seen += all;
            }
            prop_assert_eq!(seen, items.len());
        }
    }
}
