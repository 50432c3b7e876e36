//! Draws the charts of a search: bars, and parallel coordinates.

use super::{
    font::Anchor,
    panel::{Area, Sheet, THICK, THIN},
    style::{COLOURS, FRAME, INK},
};
use crate::{
    chart::{BarChart, ParallelChart},
    text::cut,
};

/// The colour of the best trial.
const BEST: usize = 1;
/// The colour of the others, which is mixed with white.
const OTHERS: usize = 0;
/// How much of the colour the worst trial has.
const FAINTEST: f64 = 0.2;

impl Sheet {
    pub(super) fn bar_chart(&mut self, chart: &BarChart, area: Area) {
        let size = self.size;
        let labels: Vec<String> = chart.rows.iter().map(|row| cut(&row.label, 28)).collect();
        let widest = self.widest(labels.iter().map(String::as_str));
        let behind = self.widest(chart.rows.iter().map(|row| row.value.as_str()));
        let mut area = self.within(area, (widest + size * 0.8).min(area.width * 0.5));
        area.width = (area.width - behind - size * 0.4).max(size);
        self.title(&chart.title, area);
        let step = area.height / chart.rows.len().max(1) as f64;
        for (at, row) in chart.rows.iter().enumerate() {
            let middle = area.top + (at as f64 + 0.5) * step;
            let half = (step * 0.36).min(size * 0.7);
            let x = |value: f64| area.left + chart.x.place(value) * area.width;
            for segment in &row.segments {
                let (from, to) = (x(segment.from), x(segment.to));
                let corners = [
                    [from, middle - half],
                    [to, middle - half],
                    [to, middle + half],
                    [from, middle + half],
                ];
                self.area(&corners, COLOURS[segment.colour % COLOURS.len()]);
            }
            let base = middle + size * 0.35;
            self.text(
                &labels[at],
                [area.left - size * 0.5, base],
                Anchor::End,
                INK,
            );
            let at = [area.right() + size * 0.4, base];
            self.text(&row.value, at, Anchor::Start, INK);
        }
        self.frame(area);
        self.lower_axis(&chart.x, area);
    }

    pub(super) fn parallel_chart(&mut self, chart: &ParallelChart, area: Area) {
        let size = self.size;
        let last = chart.axes.last().map(|axis| &axis.ticks);
        let texts = last.into_iter().flatten().map(|(_, text)| text.as_str());
        let behind = self.widest(texts).max(size * 2.0);
        let area = Area {
            left: area.left + size * 2.0,
            top: area.top + size * 3.2,
            width: (area.width - size * 3.0 - behind).max(size),
            height: (area.height - size * 4.0).max(size),
        };
        let gaps = chart.axes.len().saturating_sub(1).max(1) as f64;
        let x = |axis: usize| area.left + area.width * axis as f64 / gaps;
        let y = |place: f64| area.bottom() - area.height * place;
        for line in &chart.lines {
            let colour = if line.best {
                COLOURS[BEST]
            } else {
                mixed(COLOURS[OTHERS], FAINTEST + (1.0 - FAINTEST) * line.rank)
            };
            let width = if line.best { THICK * 1.6 } else { THIN * 1.2 };
            // A trial without a value leaves a gap at that axis.
            let mut part: Vec<[f64; 2]> = Vec::new();
            for (axis, place) in line.places.iter().enumerate() {
                match place {
                    Some(place) => part.push([x(axis), y(*place)]),
                    None => {
                        self.line(&part, colour, width, None);
                        part.clear();
                    }
                }
            }
            self.line(&part, colour, width, None);
        }
        let room = area.width / gaps;
        for (at, axis) in chart.axes.iter().enumerate() {
            let x = x(at);
            self.line(
                &[[x, area.top], [x, area.bottom()]],
                FRAME,
                THIN * 1.2,
                None,
            );
            let most = ((room / (size * 0.55)) as usize).clamp(4, 24);
            // Long names of neighbours would overlap in one line.
            let up = if at % 2 == 0 { 0.8 } else { 2.0 };
            let at = [x, area.top - size * up];
            self.text(&cut(&axis.label, most), at, Anchor::Middle, INK);
            let mut free_from = f64::INFINITY;
            for (place, text) in &axis.ticks {
                let y = y(*place);
                self.line(&[[x, y], [x + size * 0.3, y]], FRAME, THIN, None);
                // From the bottom; names without room between them are left out.
                if free_from - y >= size || free_from.is_infinite() {
                    free_from = y;
                    let most = ((room / (size * 0.55)) as usize).clamp(3, 14);
                    let at = [x + size * 0.5, y + size * 0.35];
                    self.text(&cut(text, most), at, Anchor::Start, INK);
                }
            }
        }
    }

    fn widest<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> f64 {
        texts.fold(0.0, |widest: f64, text| widest.max(self.font.width(text)))
    }
}

/// A colour with white: `part` of it, from 0 to 1.
fn mixed(colour: [u8; 3], part: f64) -> [u8; 3] {
    colour.map(|channel| (255.0 - (255.0 - f64::from(channel)) * part).round() as u8)
}
