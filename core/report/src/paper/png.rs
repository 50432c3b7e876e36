//! A picture as PNG with its resolution.

use std::io::{self, Write};

use flate2::{Compression, write::ZlibEncoder};
use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};

use super::picture::{Part, Picture};

/// The most pixels of a picture.
const MOST_PIXELS: f64 = 100e6;

/// The file, with this many dots per inch.
///
/// # Errors
///
/// If it would have more than 100 million pixels.
pub fn png(picture: &Picture, dpi: f64) -> io::Result<Vec<u8>> {
    let scale = dpi / 72.0;
    let size = [picture.width, picture.height].map(|points| (points * scale).round());
    let too_large = || {
        let [width, height] = size;
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{width} x {height} pixels are too many"),
        )
    };
    if size[0] * size[1] > MOST_PIXELS {
        return Err(too_large());
    }
    let [width, height] = size.map(|pixels| pixels.max(1.0) as u32);
    let mut pixels = Pixmap::new(width, height).ok_or_else(too_large)?;
    pixels.fill(Color::WHITE);
    let transform = Transform::from_scale(scale as f32, scale as f32);
    for shape in &picture.shapes {
        let Some(path) = path(&shape.parts) else {
            continue;
        };
        if let Some(colour) = shape.fill {
            let paint = paint(colour);
            pixels.fill_path(&path, &paint, FillRule::Winding, transform, None);
        }
        if let Some(stroke) = shape.stroke {
            let dash = stroke.dash.map(|dash| dash.map(|length| length as f32));
            let drawn = Stroke {
                width: stroke.width as f32,
                line_join: LineJoin::Round,
                dash: dash.and_then(|dash| StrokeDash::new(dash.to_vec(), 0.0)),
                ..Stroke::default()
            };
            pixels.stroke_path(&path, &paint(stroke.colour), &drawn, transform, None);
        }
    }
    encoded(&pixels, dpi)
}

fn paint(colour: [u8; 3]) -> Paint<'static> {
    let [red, green, blue] = colour;
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint.anti_alias = true;
    paint
}

fn path(parts: &[Part]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for part in parts {
        match *part {
            Part::Move([x, y]) => path.move_to(x as f32, y as f32),
            Part::Line([x, y]) => path.line_to(x as f32, y as f32),
            Part::Curve(first, second, end) => {
                let [x1, y1] = first.map(|value| value as f32);
                let [x2, y2] = second.map(|value| value as f32);
                let [x3, y3] = end.map(|value| value as f32);
                path.cubic_to(x1, y1, x2, y2, x3, y3);
            }
            Part::Close => path.close(),
        }
    }
    path.finish()
}

/// PNG of an opaque picture: eight bits of red, green and blue.
fn encoded(pixels: &Pixmap, dpi: f64) -> io::Result<Vec<u8>> {
    let (width, height) = (pixels.width(), pixels.height());
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.data().chunks_exact(width as usize * 4) {
        let mut line = vec![0];
        for pixel in row.chunks_exact(4) {
            line.extend_from_slice(&pixel[..3]);
        }
        encoder.write_all(&line)?;
    }
    let image = encoder.finish()?;
    let mut header = Vec::new();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let per_metre = (dpi / 0.0254).round() as u32;
    let mut density = [per_metre.to_be_bytes(), per_metre.to_be_bytes()].concat();
    density.push(1);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in [
        (b"IHDR", header.as_slice()),
        (b"pHYs", &density),
        (b"IDAT", &image),
        (b"IEND", &[]),
    ] {
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        file.extend_from_slice(&length.to_be_bytes());
        let mut checked = name.to_vec();
        checked.extend_from_slice(content);
        file.extend_from_slice(&checked);
        file.extend_from_slice(&crc32fast::hash(&checked).to_be_bytes());
    }
    Ok(file)
}
