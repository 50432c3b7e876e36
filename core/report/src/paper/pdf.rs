//! A picture as PDF with one page of its size. Text is paths, so no font has to be embedded.

use std::io::{self, Write};

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Content, Filter, Finish, Pdf, Rect, Ref, TextStr, types::LineJoinStyle};

use super::picture::{Part, Picture};

/// The file.
///
/// # Errors
///
/// If memory cannot be compressed, which does not happen.
pub fn pdf(picture: &Picture) -> io::Result<Vec<u8>> {
    let [catalog, tree, page, content, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids([page]).count(1);
    let (width, height) = (picture.width as f32, picture.height as f32);
    let mut one = pdf.page(page);
    one.media_box(Rect::new(0.0, 0.0, width, height));
    one.parent(tree);
    one.contents(content);
    one.resources();
    one.finish();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&drawn(picture))?;
    let compressed = encoder.finish()?;
    pdf.stream(content, &compressed).filter(Filter::FlateDecode);
    pdf.document_info(info)
        .title(TextStr(&picture.title))
        .subject(TextStr(&picture.description))
        .creator(TextStr(concat!("protea ", env!("CARGO_PKG_VERSION"))));
    Ok(pdf.finish())
}

fn drawn(picture: &Picture) -> Vec<u8> {
    let mut content = Content::new();
    // PDF counts from the lower left corner.
    content.transform([1.0, 0.0, 0.0, -1.0, 0.0, picture.height as f32]);
    content.set_line_join(LineJoinStyle::RoundJoin);
    for shape in &picture.shapes {
        if let Some(colour) = shape.fill {
            let [red, green, blue] = parts_of_one(colour);
            content.set_fill_rgb(red, green, blue);
        }
        if let Some(stroke) = shape.stroke {
            let [red, green, blue] = parts_of_one(stroke.colour);
            content.set_stroke_rgb(red, green, blue);
            content.set_line_width(stroke.width as f32);
            let dash = stroke.dash.map(|dash| dash.map(|length| length as f32));
            content.set_dash_pattern(
                dash.unwrap_or_default()
                    .into_iter()
                    .take(if dash.is_some() { 2 } else { 0 }),
                0.0,
            );
        }
        for part in &shape.parts {
            match *part {
                Part::Move([x, y]) => content.move_to(x as f32, y as f32),
                Part::Line([x, y]) => content.line_to(x as f32, y as f32),
                Part::Curve(first, second, end) => {
                    let [x1, y1] = first.map(|value| value as f32);
                    let [x2, y2] = second.map(|value| value as f32);
                    let [x3, y3] = end.map(|value| value as f32);
                    content.cubic_to(x1, y1, x2, y2, x3, y3)
                }
                Part::Close => content.close_path(),
            };
        }
        match (shape.fill, shape.stroke) {
            (Some(_), Some(_)) => content.fill_nonzero_and_stroke(),
            (Some(_), None) => content.fill_nonzero(),
            (None, Some(_)) => content.stroke(),
            (None, None) => content.end_path(),
        };
    }
    content.finish().to_vec()
}

fn parts_of_one(colour: [u8; 3]) -> [f32; 3] {
    colour.map(|part| f32::from(part) / 255.0)
}
