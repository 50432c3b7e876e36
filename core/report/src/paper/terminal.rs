//! A figure as text for a terminal. Series differ by their characters, not by colours, so that the figure
//! can also be read in a file.

use crate::{
    chart::{BarChart, Chart, IntervalChart, LineChart, ParallelChart, Style},
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
            Chart::Bars(chart) => bar_chart(chart, width, &mut out),
            Chart::Parallel(chart) => parallel_chart(chart, width, &mut out),
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

fn bar_chart(chart: &BarChart, width: usize, out: &mut String) {
    let labels: Vec<String> = chart
        .rows
        .iter()
        .map(|row| cut(&escape_line(&row.label), 28))
        .collect();
    let left = labels.iter().map(|label| label.chars().count()).max();
    let left = left.unwrap_or(0);
    let columns = width.saturating_sub(left + 9).max(20);
    out.push_str(&format!("{}\n", escape_line(&chart.title)));
    for (row, label) in chart.rows.iter().zip(&labels) {
        let ends = row.segments.iter().map(|segment| chart.x.place(segment.to));
        let cells = (ends.fold(0.0, f64::max) * columns as f64).round() as usize;
        let bar = format!("{:<columns$}", "█".repeat(cells));
        out.push_str(&format!(
            "{label:>left$} {bar} {}\n",
            escape_line(&row.value)
        ));
    }
}

/// The trials as lines from axis to axis; the best is `●`.
fn parallel_chart(chart: &ParallelChart, width: usize, out: &mut String) {
    let gaps = chart.axes.len().saturating_sub(1).max(1);
    let gap = (width.saturating_sub(13) / gaps).max(6);
    let columns = gap * gaps + 1;
    let mut cells = vec![vec![' '; columns + 12]; HEIGHT];
    for line in &chart.lines {
        let mark = if line.best { '●' } else { '·' };
        for (at, ends) in line.places.windows(2).enumerate() {
            let [Some(from), Some(to)] = ends else {
                continue;
            };
            for step in 0..=gap {
                let place = from + (to - from) * step as f64 / gap as f64;
                let row = ((1.0 - place) * (HEIGHT - 1) as f64).round() as usize;
                cells[row.min(HEIGHT - 1)][at * gap + step] = mark;
            }
        }
    }
    for (at, axis) in chart.axes.iter().enumerate() {
        for row in &mut cells {
            if row[at * gap] == ' ' {
                row[at * gap] = '│';
            }
        }
        let mut before = usize::MAX;
        for (place, text) in &axis.ticks {
            let row = ((1.0 - place) * (HEIGHT - 1) as f64).round() as usize;
            if std::mem::replace(&mut before, row) == row {
                continue;
            }
            let text = cut(&escape_line(text), (gap - 2).min(10));
            for (cell, character) in cells[row][at * gap + 1..].iter_mut().zip(text.chars()) {
                *cell = character;
            }
        }
    }
    out.push_str(&format!("{} (● best)\n", escape_line(&chart.title)));
    for (at, axis) in chart.axes.iter().enumerate() {
        out.push_str(&format!("  {} {}\n", at + 1, escape_line(&axis.label)));
    }
    let mut heads = vec![' '; columns + 12];
    for at in 0..chart.axes.len() {
        for (cell, digit) in heads[at * gap..]
            .iter_mut()
            .zip((at + 1).to_string().chars())
        {
            *cell = digit;
        }
    }
    for row in std::iter::once(&heads).chain(&cells) {
        let row: String = row.iter().collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
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
