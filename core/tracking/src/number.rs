//! Floating-point numbers in JSON, including NaN and the infinities, which JSON does not have.

/// The string for a number that JSON cannot represent; none for a finite number.
pub(crate) fn non_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("Infinity")
    } else if value == f64::NEG_INFINITY {
        Some("-Infinity")
    } else {
        None
    }
}

/// For `#[serde(with)]`: metrics as an object from name to value, in their order.
pub(crate) mod by_name {
    use std::{borrow::Cow, fmt};

    use serde::{
        Deserialize, Deserializer, Serializer,
        de::{Error, MapAccess, Visitor},
        ser::SerializeMap,
    };

    use crate::MetricPoint;

    pub(crate) fn serialize<S: Serializer>(
        metrics: &[MetricPoint<'_>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(metrics.len()))?;
        for metric in metrics {
            match super::non_finite(metric.value) {
                Some(text) => map.serialize_entry(&metric.name, text)?,
                None => map.serialize_entry(&metric.name, &metric.value)?,
            }
        }
        map.end()
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<MetricPoint<'a>>, D::Error> {
        struct Metrics;

        impl<'de> Visitor<'de> for Metrics {
            type Value = Vec<MetricPoint<'static>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object from names to numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut metrics = Vec::with_capacity(map.size_hint().unwrap_or(1));
                while let Some((name, Number(value))) = map.next_entry::<String, Number>()? {
                    let name = Cow::Owned(name);
                    metrics.push(MetricPoint { name, value });
                }
                Ok(metrics)
            }
        }

        deserializer.deserialize_map(Metrics)
    }

    struct Number(f64);

    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Either;

            impl Visitor<'_> for Either {
                type Value = Number;

                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
                }

                fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                    Ok(Number(value))
                }

                #[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
                fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                    Ok(Number(value as f64))
                }

                #[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
                fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                    Ok(Number(value as f64))
                }

                fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                    match text {
                        "NaN" => Ok(Number(f64::NAN)),
                        "Infinity" => Ok(Number(f64::INFINITY)),
                        "-Infinity" => Ok(Number(f64::NEG_INFINITY)),
                        _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                    }
                }
            }

            deserializer.deserialize_any(Either)
        }
    }
}
