//! The figure of the machine: processor, memory and graphics processors while the run went on.

use protea_core::workspace::RecordedRun;

use crate::{
    chart::{Axis, COLOURS, Guide, LineChart, Series, Style},
    data::{Cell, Data},
    figure::{Figure, Legend},
    read::{Samples, samples},
};

/// The largest number of graphics processors that are drawn; the data has all.
const MOST_GPUS: usize = 6;

/// What a chart shows: its title, its axis, whether it is a percentage, what values are divided by, and
/// its metrics with their names in the legend.
struct View {
    title: &'static str,
    label: &'static str,
    is_percentage: bool,
    divisor: f64,
    metrics: Vec<(String, String)>,
}

/// The figure, if the run has samples of the machine.
pub fn machine(run: &RecordedRun) -> Option<Figure> {
    figure(&samples(&run.directory))
}

fn views(samples: &Samples) -> Vec<View> {
    let one = |name: &str| vec![(name.to_owned(), "machine".to_owned())];
    let gpus = |ending: &str| {
        let found = samples.by_metric.keys();
        found
            .filter_map(|name| {
                let number = name.strip_prefix("gpu_")?.strip_suffix(ending)?;
                let number: usize = number.strip_suffix('_')?.parse().ok()?;
                Some((name.clone(), format!("GPU {number}")))
            })
            .take(MOST_GPUS)
            .collect::<Vec<_>>()
    };
    let views = [
        View {
            title: "Processor",
            label: "used (%)",
            is_percentage: true,
            divisor: 1.0,
            metrics: one("cpu_utilization_percentage"),
        },
        View {
            title: "Memory",
            label: "used (GB)",
            is_percentage: false,
            divisor: 1000.0,
            metrics: one("system_memory_usage_megabytes"),
        },
        View {
            title: "Graphics processors",
            label: "used (%)",
            is_percentage: true,
            divisor: 1.0,
            metrics: gpus("utilization_percentage"),
        },
        View {
            title: "Memory of graphics processors",
            label: "used (GB)",
            is_percentage: false,
            divisor: 1000.0,
            metrics: gpus("memory_usage_megabytes"),
        },
    ];
    let has_samples = |(name, _): &(String, String)| samples.by_metric.contains_key(name);
    let views = views.into_iter();
    views
        .filter(|view| view.metrics.iter().any(has_samples))
        .collect()
}

fn figure(samples: &Samples) -> Option<Figure> {
    let views = views(samples);
    if views.is_empty() {
        return None;
    }
    let mut data = Data::new(["metric", "second", "value"]);
    let mut first_rows = std::collections::BTreeMap::new();
    for (name, values) in &samples.by_metric {
        first_rows.insert(name, data.rows.len());
        for [second, value] in values {
            data.push([
                Cell::text(name),
                Cell::Number(*second),
                Cell::Number(*value),
            ]);
        }
    }
    let end = samples
        .by_metric
        .values()
        .filter_map(|values| values.last());
    let end = end.map(|[second, _]| *second).fold(0.0, f64::max);
    let mut legend: Vec<Legend> = Vec::new();
    let mut charts = Vec::new();
    for (at, view) in views.iter().enumerate() {
        let (mut series, mut listed) = (Vec::new(), Vec::new());
        let mut highest: f64 = 0.0;
        for (number, (name, label)) in view.metrics.iter().enumerate() {
            let Some(values) = samples.by_metric.get(name) else {
                continue;
            };
            // The machine has the first colour, graphics processors have the others.
            let colour = match label.as_str() {
                "machine" => 0,
                _ => 1 + number % (COLOURS - 1),
            };
            let points: Vec<[f64; 2]> = values
                .iter()
                .map(|[second, value]| [*second, value / view.divisor])
                .collect();
            let own = points.iter().map(|[_, value]| *value).fold(0.0, f64::max);
            highest = highest.max(own);
            listed.push(format!("{label} at most {own:.1}"));
            if legend.iter().all(|entry| entry.label != *label) {
                legend.push(Legend {
                    colour,
                    dashed: false,
                    label: label.clone(),
                });
            }
            // A single sample is no line.
            let style = match points.len() {
                1 => Style::Dots,
                _ => Style::Line,
            };
            series.push(Series {
                colour,
                style,
                points,
                first_row: first_rows.get(name).copied().unwrap_or_default(),
            });
        }
        let y = match view.is_percentage {
            true => Axis::new(view.label, 0.0, 100.0),
            false => Axis::from_zero(view.label, [highest].into_iter()),
        };
        let chart = LineChart {
            id: format!("machine-{at}"),
            title: view.title.to_owned(),
            description: format!("{}, {}: {}.", view.title, view.label, listed.join("; ")),
            x: Axis::from_zero("seconds since the start", [end].into_iter()),
            y,
            series,
            markers: Vec::new(),
            guide: Guide::None,
            wide: false,
        };
        charts.push(chart.into());
    }
    if legend.len() < 2 {
        legend.clear();
    }
    let cut = match samples.is_cut {
        true => " The event log is longer than what is read here; the end is missing.",
        false => "",
    };
    Some(Figure {
        id: "machine",
        title: "Machine".to_owned(),
        caption: format!(
            "Samples of the whole machine, including other programs. The data also has disk and network.{cut}"
        ),
        legend,
        charts,
        wide: false,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_the_machine_and_another_the_graphics_processors() {
        let mut samples = Samples::default();
        assert!(figure(&samples).is_none());
        let mut add = |name: &str| {
            let values = vec![[10.0, 50.0], [20.0, 75.0]];
            samples.by_metric.insert(name.to_owned(), values);
        };
        add("cpu_utilization_percentage");
        add("gpu_0_utilization_percentage");
        add("gpu_1_utilization_percentage");
        add("disk_usage_percentage");
        let figure = figure(&samples).unwrap();
        assert_eq!((figure.charts.len(), figure.data.rows.len()), (2, 8));
        let labels: Vec<&str> = figure.legend.iter().map(|entry| &*entry.label).collect();
        assert_eq!(labels, ["machine", "GPU 0", "GPU 1"]);
    }
}
