//! A picture as SVG with its size in millimetres. It holds paths only, so that no program needs a font.

use std::fmt::Write;

use super::{
    picture::{Part, Picture},
    style::POINTS,
};
use crate::text::html_line;

/// The file.
pub fn svg(picture: &Picture) -> String {
    let (width, height) = (picture.width, picture.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.2}mm\" height=\"{:.2}mm\" viewBox=\"0 0 {width:.3} {height:.3}\" role=\"img\">\n\
         <title>{}</title>\n<desc>{}</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        width / POINTS,
        height / POINTS,
        html_line(&picture.title),
        html_line(&picture.description),
    );
    for shape in &picture.shapes {
        let _ = write!(out, "<path d=\"{}\"", path(&shape.parts));
        match shape.fill {
            Some(colour) => {
                let _ = write!(out, " fill=\"{}\"", hex(colour));
            }
            None => out.push_str(" fill=\"none\""),
        }
        if let Some(stroke) = shape.stroke {
            let _ = write!(
                out,
                " stroke=\"{}\" stroke-width=\"{:.2}\" stroke-linejoin=\"round\"",
                hex(stroke.colour),
                stroke.width
            );
            if let Some([dash, gap]) = stroke.dash {
                let _ = write!(out, " stroke-dasharray=\"{dash} {gap}\"");
            }
        }
        out.push_str("/>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Coordinates with three decimals: a thousandth of a point is less than a printer can show.
fn path(parts: &[Part]) -> String {
    let mut path = String::new();
    for part in parts {
        let _ = match part {
            Part::Move([x, y]) => write!(path, "M{x:.3} {y:.3}"),
            Part::Line([x, y]) => write!(path, "L{x:.3} {y:.3}"),
            Part::Curve([x1, y1], [x2, y2], [x, y]) => {
                write!(path, "C{x1:.3} {y1:.3} {x2:.3} {y2:.3} {x:.3} {y:.3}")
            }
            Part::Close => write!(path, "Z"),
        };
    }
    path
}
