//! Curves of precision and recall, for TensorBoard's plugin `pr_curves`.
//!
//! A table of an artefact with the columns `tau`, `pr` and `rc`, as evaluators of the CAFA challenges
//! write it, has one curve for each value of `ns`, or of `filename` and `ns`. The plugin has evenly
//! spaced thresholds from 0 to 1, and displays counts: those of true and false positives and of false
//! negatives are `tp`, `fp` and `fn`, which are means, times the number of items. `n` is the number of
//! items with a prediction and `cov` their share, so the number of all items is `n / cov`. The means are
//! over all items unless the evaluator was told otherwise. True negatives are 0: the table does not have
//! them. A table without `n`, `tp`, `fp` or `fn` has no curve here.

use std::collections::BTreeMap;

use prost::Message;

use super::record::{DT_FLOAT, Dimension, Metadata, PluginData, PrCurveData, Shape, Tensor, Value};
use crate::{Artifact, adapters::curve_tables::CurveTable};

/// The name of the plugin.
const PLUGIN: &str = "pr_curves";
/// Values that have no other class.
const DATA_CLASS_TENSOR: i32 = 2;
/// The most curves of an artefact.
const MOST_CURVES: usize = 100;
/// The most thresholds of a curve.
const MOST_THRESHOLDS: usize = 2001;
/// The rows of the plugin's tensor: true positives, false positives, true negatives, false negatives,
/// precision, recall.
const ROWS: usize = 6;
/// Those of them that are counts, from the first.
const COUNTS: usize = 4;

/// A row of a table.
#[derive(Clone, Copy)]
struct Point {
    tau: f64,
    values: [f64; ROWS],
    /// The number of items, as far as this row tells.
    items: f64,
}

/// The curves in the tables of an artefact, as values of a summary.
///
/// # Errors
///
/// Why the artefact or a table cannot be read, for people.
pub(super) fn values(artifact: &Artifact) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    for table in CurveTable::of_artifact(artifact)? {
        let curves = curves(&table);
        values.extend(
            curves
                .iter()
                .filter_map(|(name, points)| value(name, points)),
        );
    }
    values.truncate(MOST_CURVES);
    Ok(values)
}

/// The curves of a table by name.
fn curves(table: &CurveTable) -> BTreeMap<String, Vec<Point>> {
    let [tau, precision, recall] = ["tau", "pr", "rc"].map(|name| table.column(name));
    let (group, file) = (table.column("ns"), table.column("filename"));
    let counts = ["n", "tp", "fp", "fn"].map(|name| table.column(name));
    let coverage = table.column("cov");
    let mut found: BTreeMap<(String, String), Vec<Point>> = BTreeMap::new();
    for row in &table.rows {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).map(String::as_str);
        let number = |at: Option<usize>| cell(at)?.parse::<f64>().ok().filter(|v| v.is_finite());
        let (Some(tau), Some(precision), Some(recall)) =
            (number(tau), number(precision), number(recall))
        else {
            continue;
        };
        let [Some(n), Some(tp), Some(fp), Some(missed)] = counts.map(number) else {
            continue;
        };
        let covered = number(coverage).filter(|share| *share > 0.0);
        let text = |at: Option<usize>| cell(at).unwrap_or_default().to_owned();
        found
            .entry((text(file), text(group)))
            .or_default()
            .push(Point {
                tau,
                values: [tp, fp, 0.0, missed, precision, recall],
                items: (n / covered.unwrap_or(1.0)).round(),
            });
    }
    for points in found.values_mut() {
        let items = points.iter().map(|point| point.items).fold(0.0, f64::max);
        for point in points {
            for mean in &mut point.values[..COUNTS] {
                *mean *= items;
            }
        }
    }
    let mut files: Vec<&String> = found.keys().map(|(file, _)| file).collect();
    files.dedup();
    let of_several = files.len() > 1;
    let name = |(file, group): (String, String)| match (of_several, group.is_empty()) {
        (true, true) => file,
        (true, false) => format!("{file}/{group}"),
        (false, true) => "precision and recall".to_owned(),
        (false, false) => group,
    };
    found
        .into_iter()
        .map(|(key, points)| (name(key), points))
        .collect()
}

/// A curve for the plugin; `None` if its thresholds are not evenly spaced within 0 and 1.
fn value(name: &str, points: &[Point]) -> Option<Value> {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.tau.total_cmp(&b.tau));
    let gaps = points.windows(2).map(|pair| pair[1].tau - pair[0].tau);
    let step = gaps.filter(|gap| *gap > 1e-9).fold(f64::INFINITY, f64::min);
    let (first, last) = (points.first()?.tau, points.last()?.tau);
    // The error of three decimals.
    let is_even = |point: &Point| (point.tau / step - (point.tau / step).round()).abs() < 0.1;
    if !step.is_finite() || first < 0.0 || last > 1.0 || !points.iter().all(is_even) {
        return None;
    }
    let count = (1.0 / step).round() as usize + 1;
    if count > MOST_THRESHOLDS {
        return None;
    }
    let mut rows = vec![[0.0; ROWS]; count];
    let mut from = 0;
    for (at, point) in points.iter().enumerate() {
        let place = ((point.tau / step).round() as usize).min(count - 1);
        // What the table leaves out below a threshold is as at that threshold.
        for row in &mut rows[from..=place.max(from).min(count - 1)] {
            *row = point.values;
        }
        from = place + 1;
        if at + 1 == points.len() || from >= count {
            break;
        }
    }
    let cells = (0..ROWS).flat_map(|row| rows.iter().map(move |values| values[row] as f32));
    let dim = [ROWS, count].map(|size| Dimension { size: size as i64 });
    Some(Value {
        tag: format!("{name}/{PLUGIN}"),
        tensor: Some(Tensor {
            dtype: DT_FLOAT,
            tensor_shape: Some(Shape { dim: dim.into() }),
            tensor_content: cells.flat_map(f32::to_le_bytes).collect(),
            string_val: Vec::new(),
        }),
        metadata: Some(Metadata {
            plugin_data: Some(PluginData {
                plugin_name: PLUGIN.to_owned(),
                content: PrCurveData {
                    num_thresholds: count as u32,
                }
                .encode_to_vec(),
            }),
            display_name: name.to_owned(),
            data_class: DATA_CLASS_TENSOR,
        }),
        ..Value::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_tables_and_uneven_thresholds_have_no_curve() {
        let table = |text: &str| CurveTable::parse("x", text);
        assert!(table("protein\tterm\tscore\nP1\tGO:1\t0.5\n").is_none());
        assert!(table("").is_none());
        for rows in [
            "0.5\t1\t1\n",
            "0.00001\t1\t1\n0.00002\t1\t1\n",
            "0.1\t1\t1\n0.2\t1\t1\n0.35\t1\t1\n",
            "-1\t1\t1\n7\tnan\t1\nx\n",
        ] {
            let rows: String = rows
                .lines()
                .map(|row| format!("{row}\t1\t1\t1\t1\n"))
                .filter(|row| row.split('\t').count() == 7)
                .collect();
            let text = format!("tau\tpr\trc\tn\ttp\tfp\tfn\n{rows}");
            let curves = curves(&table(&text).unwrap());
            assert!(
                value("x", &curves["precision and recall"]).is_none(),
                "{rows}"
            );
        }
        let without_counts = table("tau\tpr\trc\n0.5\t1\t1\n").unwrap();
        assert!(curves(&without_counts).is_empty());
        assert!(table("tau\tpr\trc\n0.5\t1\n").is_none());
        let wide = format!("tau\tpr\trc{}\n", "\t".repeat(4 << 20));
        assert!(table(&wide).is_none());
    }

    #[test]
    fn counts_are_means_times_all_items() {
        // Of four items, two have a prediction at the higher threshold.
        let text = "tau\tpr\trc\tn\ttp\tfp\tfn\tcov\n\
                    0.5\t0.5\t0.75\t4\t1.5\t1.5\t0.5\t1\n\
                    1.0\t1\t0.25\t2\t0.5\t0\t1.5\t0.5\n";
        let curves = curves(&CurveTable::parse("x", text).unwrap());
        let points = &curves["precision and recall"];
        assert_eq!(points[0].values, [6.0, 6.0, 0.0, 2.0, 0.5, 0.75]);
        assert_eq!(points[1].values, [2.0, 0.0, 0.0, 6.0, 1.0, 0.25]);
    }
}
