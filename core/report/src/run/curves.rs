//! Curves of methods, a chart per aspect.

use crate::{
    analysis::{Curve, CurvePoint, aspect_order},
    chart::{Axis, Guide, LineChart, Marker, Series, Style},
    data::{Cell, Data},
    figure::{Figure, Legend},
    text::number,
};

/// The colour of a method, and whether its lines are dashed.
pub type Colours<'c> = dyn Fn(&str) -> (usize, bool) + 'c;

/// The largest number of methods whose best points are labelled.
const MOST_LABELS: usize = 2;

/// Which values of a curve a chart shows.
struct View<'v> {
    id: &'static str,
    title: &'static str,
    caption: String,
    columns: [&'static str; 3],
    values: &'v dyn Fn(&CurvePoint) -> [f64; 3],
    best: &'v dyn Fn(&Curve) -> Option<CurvePoint>,
    best_name: &'static str,
    guide: Guide,
}

/// Precision against recall, with the point of Fmax.
pub fn precision_recall(curves: &[&Curve], colours: &Colours<'_>) -> Figure {
    let view = View {
        id: "precision-recall",
        title: "Precision and recall",
        caption: "Each point is a threshold; the circle marks the one of Fmax. Dotted lines have equal F. Further up and right is better.".to_owned(),
        columns: ["recall", "precision", "F"],
        values: &|point| [point.rc, point.pr, point.f],
        best: &|curve| curve.fmax().copied(),
        best_name: "Fmax",
        guide: Guide::EqualF,
    };
    figure(&view, curves, colours, &|_| {
        [Axis::unit("recall"), Axis::unit("precision")]
    })
}

/// Misinformation against remaining uncertainty, with the point of Smin.
pub fn uncertainty(curves: &[&Curve], colours: &Colours<'_>) -> Figure {
    let weighted = curves.iter().all(|curve| curve.weighted);
    let unit = if weighted { "bits" } else { "terms" };
    let view = View {
        id: "uncertainty-misinformation",
        title: "Remaining uncertainty and misinformation",
        caption: format!(
            "In {unit} per protein; the circle marks Smin. Dotted lines have equal distance to the origin. Nearer to it is better. Points with a misinformation of more than twice the highest uncertainty are left out."
        ),
        columns: ["remaining uncertainty", "misinformation", "S"],
        values: &|point| [point.ru, point.mi, point.s],
        best: &|curve| curve.smin().copied(),
        best_name: "Smin",
        guide: Guide::EqualDistance,
    };
    figure(&view, curves, colours, &|own| {
        let most = own
            .iter()
            .flat_map(|curve| &curve.points)
            .map(|point| point.ru)
            .fold(0.0, f64::max);
        let shown = own.iter().flat_map(|curve| &curve.points);
        let shown = shown.filter(|point| point.mi <= 2.0 * most);
        let high = shown.map(|point| point.mi).fold(most / 2.0, f64::max);
        let axis = |label: &str, high: f64| {
            Axis::from_zero(&format!("{label} ({unit})"), [high].into_iter())
        };
        [
            axis("remaining uncertainty", most),
            axis("misinformation", high),
        ]
    })
}

fn aspects(curves: &[&Curve]) -> Vec<String> {
    let mut aspects: Vec<String> = curves.iter().map(|curve| curve.aspect.clone()).collect();
    aspects.sort_by_cached_key(|aspect| aspect_order(aspect));
    aspects.dedup();
    aspects
}

fn figure(
    view: &View<'_>,
    curves: &[&Curve],
    colours: &Colours<'_>,
    axes: &dyn Fn(&[&Curve]) -> [Axis; 2],
) -> Figure {
    let [x_name, y_name, score] = view.columns;
    let mut data = Data::new(["method", "aspect", "τ", x_name, y_name, score]);
    let mut charts = Vec::new();
    for (at, aspect) in aspects(curves).into_iter().enumerate() {
        let own: Vec<&Curve> = curves
            .iter()
            .copied()
            .filter(|c| c.aspect == aspect)
            .collect();
        let [x, y] = axes(&own);
        let (mut series, mut markers, mut best) = (Vec::new(), Vec::new(), Vec::new());
        for curve in &own {
            let (colour, dashed) = colours(&curve.method);
            // Points beyond the axes would lie on the frame.
            let shown = |point: &&CurvePoint| {
                let [px, py, _] = (view.values)(point);
                px <= x.high * 1.000_001 && py <= y.high * 1.000_001
            };
            let hidden = curve
                .points
                .iter()
                .take_while(|point| !shown(point))
                .count();
            let first_row = data.rows.len() + hidden;
            let mut points = Vec::new();
            for (at, point) in curve.points.iter().enumerate() {
                let [px, py, value] = (view.values)(point);
                if at >= hidden {
                    points.push([px, py]);
                }
                data.push([
                    Cell::text(&curve.method),
                    Cell::text(&aspect),
                    Cell::Number(point.tau),
                    Cell::Number(px),
                    Cell::Number(py),
                    Cell::Number(value),
                ]);
            }
            series.push(Series {
                colour,
                style: if dashed { Style::Dashed } else { Style::Line },
                points,
                first_row,
            });
            if let Some(point) = (view.best)(curve) {
                let [px, py, value] = (view.values)(&point);
                best.push(format!(
                    "{} {} at τ {:.2}",
                    curve.method,
                    number(value),
                    point.tau
                ));
                let is_labelled = own.len() <= MOST_LABELS && !dashed;
                let label = format!("{} {}", view.best_name, number(value));
                markers.push(Marker {
                    colour,
                    at: [px, py],
                    label: if is_labelled { label } else { String::new() },
                });
            }
        }
        // The lines that others are compared with lie behind.
        series.sort_by_key(|series| series.style != Style::Dashed);
        let chart = LineChart {
            id: format!("{}-{at}", view.id),
            title: aspect.clone(),
            description: format!(
                "{y_name} against {x_name} in {aspect}. {}: {}.",
                view.best_name,
                best.join("; ")
            ),
            x,
            y,
            series,
            markers,
            guide: view.guide,
            wide: false,
        };
        charts.push(chart.into());
    }
    Figure {
        id: view.id,
        title: view.title.to_owned(),
        caption: view.caption.clone(),
        legend: legend(curves, colours),
        charts,
        wide: false,
        data,
    }
}

/// The methods of curves with their colours.
fn legend(curves: &[&Curve], colours: &Colours<'_>) -> Vec<Legend> {
    let mut legend: Vec<Legend> = Vec::new();
    for curve in curves {
        if legend.iter().all(|entry| entry.label != curve.method) {
            let (colour, dashed) = colours(&curve.method);
            legend.push(Legend {
                colour,
                dashed,
                label: curve.method.clone(),
            });
        }
    }
    legend
}

/// Precision, recall, F and coverage of one method at every threshold.
pub fn coverage_and_sweep(curves: &[Curve]) -> Figure {
    let mut data = Data::new(["aspect", "τ", "precision", "recall", "F", "coverage"]);
    let mut charts = Vec::new();
    let values: [fn(&CurvePoint) -> f64; 4] = [
        |point| point.cov,
        |point| point.rc,
        |point| point.pr,
        |point| point.f,
    ];
    let looks = [
        (7, Style::Dashed),
        (2, Style::Line),
        (1, Style::Line),
        (0, Style::Line),
    ];
    for (at, curve) in curves.iter().enumerate() {
        let first_row = data.rows.len();
        for point in &curve.points {
            data.push([
                Cell::text(&curve.aspect),
                Cell::Number(point.tau),
                Cell::Number(point.pr),
                Cell::Number(point.rc),
                Cell::Number(point.f),
                Cell::Number(point.cov),
            ]);
        }
        let series = values
            .iter()
            .zip(looks)
            .map(|(value, (colour, style))| Series {
                colour,
                style,
                points: curve
                    .points
                    .iter()
                    .map(|point| [point.tau, value(point)])
                    .collect(),
                first_row,
            });
        let best = curve.fmax();
        let covered = curve.points.first().map_or(0.0, |point| point.cov);
        let chart = LineChart {
            id: format!("sweep-{at}"),
            title: curve.aspect.clone(),
            description: format!(
                "Precision, recall, F and coverage in {} by threshold. Coverage begins at {}. F is highest at τ {}.",
                curve.aspect,
                number(covered),
                best.map_or_else(|| "–".to_owned(), |best| format!("{:.2}", best.tau))
            ),
            x: Axis::unit("threshold τ"),
            y: Axis::unit("value"),
            series: series.collect(),
            markers: best
                .map(|best| Marker {
                    colour: 0,
                    at: [best.tau, best.f],
                    label: format!("τ {:.2}", best.tau),
                })
                .into_iter()
                .collect(),
            guide: Guide::None,
            wide: false,
        };
        charts.push(chart.into());
    }
    let legend = [
        ("F", 0, false),
        ("precision", 1, false),
        ("recall", 2, false),
        ("coverage", 7, true),
    ];
    Figure {
        id: "sweep",
        title: "Threshold sweep and coverage".to_owned(),
        caption: "Coverage is the fraction of the proteins with a prediction at the threshold; the circle marks Fmax.".to_owned(),
        legend: legend
            .map(|(label, colour, dashed)| Legend {
                colour,
                dashed,
                label: label.to_owned(),
            })
            .into(),
        charts,
        wide: false,
        data,
    }
}
