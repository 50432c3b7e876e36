//! A figure as text for a terminal. Series differ by their characters, not by colours, so that the figure
//! can also be read in a file.

use crate::{
    chart::{Chart, IntervalChart, LineChart, Style},
    figure::Figure,
    text::{cut, number},
};
use protea_core::text::escape_line;

/// The characters of series by their colours. The last is that of what others are compared with.
const MARKS: [char; crate::chart::COLOURS] = ['●', '+', '×', 'o', '■', '▲', '*', '·'];
/// The height of a chart in lines.
const HEIGHT: usize = 18;

/// The figure, at most `width` characters wide.
pub fn terminal(figure: &Figure, width: usize) -> String {
    let width = width.clamp(40, 120);
    let mut out = format!("{}\n", figure.title);
    for entry in &figure.legend {
        let mark = MARKS[entry.colour % MARKS.len()];
        out.push_str(&format!("  {mark} {}\n", escape_line(&entry.label)));
    }
    for chart in &figure.charts {
        out.push('\n');
        match chart {
            Chart::Lines(chart) => line_chart(chart, width, &mut out),
            Chart::Intervals(chart) => interval_chart(chart, width, &mut out),
            // The figures of `plots` have no other kinds.
            Chart::Bars(_) | Chart::Parallel(_) => {}
        }
    }
    out
}

fn line_chart(chart: &LineChart, width: usize, out: &mut String) {
    let ticks = chart.y.ticks();
    let labels = ticks.iter().map(|(_, label)| label.chars().count()).max();
    let left = labels.unwrap_or(0) + 1;
    let columns = width - left - 2;
    let mut cells = vec![vec![' '; columns]; HEIGHT];
    let place = |[x, y]: [f64; 2]| {
        let column = chart.x.place(x) * (columns - 1) as f64;
        let line = (1.0 - chart.y.place(y)) * (HEIGHT - 1) as f64;
        (column, line)
    };
    for series in &chart.series {
        let mark = MARKS[series.colour % MARKS.len()];
        let finite = |point: &&[f64; 2]| point.iter().all(|value| value.is_finite());
        let points: Vec<_> = series
            .points
            .iter()
            .filter(finite)
            .map(|point| place(*point))
            .collect();
        for (at, &(column, line)) in points.iter().enumerate() {
            cells[line.round() as usize][column.round() as usize] = mark;
            let Some(&(next, below)) = points.get(at + 1) else {
                continue;
            };
            if series.style == Style::Dots {
                continue;
            }
            // What lies between two points, as fine as the cells are.
            let steps = (next - column).abs().max((below - line).abs()).ceil() as usize;
            for step in 1..steps {
                let part = step as f64 / steps as f64;
                let x = column + (next - column) * part;
                let y = match series.style {
                    Style::Steps => line,
                    _ => line + (below - line) * part,
                };
                cells[y.round() as usize][x.round() as usize] = mark;
            }
        }
    }
    for marker in &chart.markers {
        let (column, line) = place(marker.at);
        cells[line.round() as usize][column.round() as usize] = '◎';
    }
    out.push_str(&format!(
        "{:left$} {} ({} up, ◎ best)\n",
        "",
        escape_line(&chart.title),
        chart.y.label
    ));
    for (line, row) in cells.iter().enumerate() {
        let is_here = |value: f64| place([chart.x.low, value]).1.round() as usize == line;
        let tick = ticks.iter().find(|(value, _)| is_here(*value));
        let label = tick.map_or("", |(_, label)| label);
        let row: String = row.iter().collect();
        out.push_str(format!("{label:>left$}┤{row}").trim_end());
        out.push('\n');
    }
    let mut below = vec![' '; columns + 8];
    for (value, label) in chart.x.ticks() {
        let at = place([value, chart.y.low]).0.round() as usize;
        let start = at.saturating_sub(label.chars().count() / 2);
        let length = label.chars().count();
        if start > 0 && below[start - 1] != ' '
            || below[start..].iter().take(length).any(|c| *c != ' ')
        {
            continue;
        }
        for (cell, character) in below[start..].iter_mut().zip(label.chars()) {
            *cell = character;
        }
    }
    let below: String = below.into_iter().collect();
    out.push_str(&format!("{:left$}└{}\n", "", "─".repeat(columns)));
    out.push_str(&format!("{:left$} {}\n", "", below.trim_end()));
    out.push_str(&format!("{:left$} {}\n", "", chart.x.label));
}

fn interval_chart(chart: &IntervalChart, width: usize, out: &mut String) {
    let labels: Vec<String> = chart
        .rows
        .iter()
        .map(|row| cut(&escape_line(&row.label), 24))
        .collect();
    let left = labels.iter().map(|label| label.chars().count()).max();
    let left = left.unwrap_or(0);
    let columns = width.saturating_sub(left + 9).max(20);
    out.push_str(&format!("{}\n", escape_line(&chart.title)));
    let place = |value: f64| (chart.x.place(value) * (columns - 1) as f64).round() as usize;
    for (row, label) in chart.rows.iter().zip(&labels) {
        let mut cells = vec![' '; columns];
        if let Some([low, high]) = row.interval {
            cells[place(low)..=place(high).max(place(low))].fill('─');
            cells[place(low)] = '├';
            cells[place(high)] = '┤';
        }
        cells[place(row.value)] = '●';
        let cells: String = cells.into_iter().collect();
        out.push_str(&format!("{label:>left$} {cells} {}\n", number(row.value)));
    }
    let ends = [chart.x.low, chart.x.high].map(number);
    let space = columns.saturating_sub(ends[0].len() + ends[1].len());
    out.push_str(&format!(
        "{:left$} {}{}{}\n{:left$} {}\n",
        "",
        ends[0],
        " ".repeat(space),
        ends[1],
        "",
        chart.x.label
    ));
}
