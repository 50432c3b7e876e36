//! Arranges the panels and the legend of a figure.

use super::{
    font::Anchor,
    panel::{Area, Sheet},
    picture::Picture,
    style::{INK, POINTS, PaperStyle},
};
use crate::{chart::Chart, figure::Figure, text::cut};

/// The narrowest panel in millimetres.
const NARROWEST: f64 = 42.0;

/// The size of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// What the journal asks for.
    pub style: PaperStyle,
    /// Width in millimetres.
    pub width: f64,
    /// Height in millimetres; `None` for what the panels need.
    pub height: Option<f64>,
}

/// Draws a figure.
pub fn layout(figure: &Figure, size: &Size) -> Picture {
    let font_size = size.style.font_size();
    let mut sheet = Sheet::new(font_size);
    let width = size.width * POINTS;
    let count = figure.charts.len().max(1);
    let columns = ((size.width / NARROWEST) as usize).clamp(1, count);
    // Three panels in two columns would leave a hole; in one they are easier to compare.
    let columns = match (count, columns) {
        (3, 2) => 1,
        (_, columns) => columns,
    };
    let lines = count.div_ceil(columns);
    let gap = font_size * 0.8;
    let panel_width = (width - gap * (columns - 1) as f64) / columns as f64;
    let legend = legend(&mut sheet, figure, width);
    let panel_height = match size.height {
        Some(height) => (height * POINTS - legend - gap * (lines - 1) as f64) / lines as f64,
        None => natural_height(figure, panel_width, font_size),
    };
    let panel_height = panel_height.max(font_size * 8.0);
    for (at, chart) in figure.charts.iter().enumerate() {
        let area = Area {
            left: (at % columns) as f64 * (panel_width + gap),
            top: legend + (at / columns) as f64 * (panel_height + gap),
            width: panel_width,
            height: panel_height,
        };
        sheet.chart(chart, area);
    }
    let height = legend + lines as f64 * panel_height + (lines - 1) as f64 * gap;
    Picture {
        width,
        height: size
            .height
            .map_or(height, |given| (given * POINTS).max(height)),
        title: figure.title.clone(),
        description: descriptions(figure),
        shapes: sheet.shapes,
        missing: sheet.font.missing,
    }
}

fn natural_height(figure: &Figure, width: f64, font_size: f64) -> f64 {
    let rows = figure.charts.iter().map(|chart| match chart {
        Chart::Intervals(chart) => chart.rows.len(),
        Chart::Bars(chart) => chart.rows.len(),
        _ => 0,
    });
    match rows.max() {
        Some(rows) if rows > 0 => font_size * (6.0 + 1.9 * rows as f64),
        _ if figure.charts.len() == 1 => width * 0.55,
        _ => width * 0.92,
    }
}

fn descriptions(figure: &Figure) -> String {
    let texts = figure.charts.iter().map(|chart| match chart {
        Chart::Lines(chart) => chart.description.as_str(),
        Chart::Intervals(chart) => chart.description.as_str(),
        Chart::Bars(chart) => chart.description.as_str(),
        Chart::Parallel(chart) => chart.description.as_str(),
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// Draws the legend at the top, in as many lines as it needs. Returns its height.
fn legend(sheet: &mut Sheet, figure: &Figure, width: f64) -> f64 {
    let size = sheet.size;
    let (mut x, mut line) = (0.0, 0);
    for entry in &figure.legend {
        let text = cut(&entry.label, 40);
        let (sample, space) = (size * 2.0, size * 0.5);
        let needed = sample + space + sheet.font.width(&text);
        if x > 0.0 && x + needed > width {
            x = 0.0;
            line += 1;
        }
        let y = size * (1.0 + 1.5 * f64::from(line));
        let middle = [x, y - size * 0.33];
        sheet.sample(middle, sample, entry.colour, entry.dashed);
        let at = [x + sample + space, y];
        sheet.text(&text, at, Anchor::Start, INK);
        x += needed + size * 1.5;
    }
    if figure.legend.is_empty() {
        0.0
    } else {
        size * (1.8 + 1.5 * f64::from(line))
    }
}
