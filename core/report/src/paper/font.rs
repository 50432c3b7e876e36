//! The font of figures: Arimo, whose letters are as wide as those of Arial and Helvetica. It is part of
//! the program, so figures do not depend on the fonts of the machine.

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::picture::Part;

const ARIMO: &[u8] = include_bytes!("../../assets/font/Arimo-Regular.ttf");

/// The font in a size.
pub struct Font {
    face: Option<Face<'static>>,
    scale: f64,
    /// Characters that were asked for and are not in the font.
    pub missing: Vec<char>,
}

/// Which part of a text is at the given place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Font {
    /// The font in a size in points.
    pub fn new(size: f64) -> Self {
        // A test opens the font; without it, text would be missing, not wrong.
        let face = Face::parse(ARIMO, 0).ok();
        let units = face.as_ref().map_or(1000, Face::units_per_em);
        Self {
            face,
            scale: size / f64::from(units),
            missing: Vec::new(),
        }
    }

    fn glyph(&self, character: char) -> Option<GlyphId> {
        self.face.as_ref()?.glyph_index(character)
    }

    fn advance(&self, glyph: GlyphId) -> f64 {
        let face = self.face.as_ref();
        let advance = face.and_then(|face| face.glyph_hor_advance(glyph));
        f64::from(advance.unwrap_or(0)) * self.scale
    }

    /// The width of a text.
    pub fn width(&self, text: &str) -> f64 {
        text.chars()
            .map(|character| self.advance(self.glyph(character).unwrap_or(GlyphId(0))))
            .sum()
    }

    /// The outlines of a text with its base line at a place, turned to the left by a quarter if `is_up`.
    /// A character that the font does not have is drawn as a box and listed in `missing`.
    pub fn outlines(
        &mut self,
        text: &str,
        [x, y]: [f64; 2],
        anchor: Anchor,
        is_up: bool,
    ) -> Vec<Part> {
        let width = self.width(text);
        let mut along = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let mut parts = Vec::new();
        for character in text.chars() {
            let glyph = self.glyph(character).unwrap_or_else(|| {
                if !self.missing.contains(&character) {
                    self.missing.push(character);
                }
                GlyphId(0)
            });
            let scale = self.scale;
            let mut outline = Outline {
                place: &|dx, dy| {
                    let (dx, dy) = (along + f64::from(dx) * scale, f64::from(dy) * scale);
                    if is_up {
                        [x - dy, y - dx]
                    } else {
                        [x + dx, y - dy]
                    }
                },
                parts: &mut parts,
                last: [0.0; 2],
            };
            if let Some(face) = &self.face {
                face.outline_glyph(glyph, &mut outline);
            }
            along += self.advance(glyph);
        }
        parts
    }
}

struct Outline<'o> {
    place: &'o dyn Fn(f32, f32) -> [f64; 2],
    parts: &'o mut Vec<Part>,
    last: [f64; 2],
}

impl OutlineBuilder for Outline<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.last = (self.place)(x, y);
        self.parts.push(Part::Move(self.last));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.last = (self.place)(x, y);
        self.parts.push(Part::Line(self.last));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (control, end) = ((self.place)(x1, y1), (self.place)(x, y));
        let towards =
            |from: [f64; 2]| [0, 1].map(|at| from[at] + (control[at] - from[at]) * 2.0 / 3.0);
        let curve = Part::Curve(towards(self.last), towards(end), end);
        self.parts.push(curve);
        self.last = end;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let end = (self.place)(x, y);
        let curve = Part::Curve((self.place)(x1, y1), (self.place)(x2, y2), end);
        self.parts.push(curve);
        self.last = end;
    }

    fn close(&mut self) {
        self.parts.push(Part::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_outlines_and_missing_characters_are_listed() {
        let mut font = Font::new(10.0);
        // As wide as Helvetica: 0.556 em for a digit.
        assert!((font.width("0") - 5.56).abs() < 0.01);
        let parts = font.outlines("Fmax τ ≥ 0.5 – ±", [0.0, 0.0], Anchor::Middle, false);
        assert!(parts.len() > 100);
        assert!(font.missing.is_empty(), "{:?}", font.missing);
        font.outlines("蛋白質 蛋", [0.0, 0.0], Anchor::Start, true);
        assert_eq!(font.missing, ['蛋', '白', '質']);
    }
}
