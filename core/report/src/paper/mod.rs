//! Figures for papers as SVG, PDF, PNG or text. Sizes are in millimetres. Text consists of outlines of a
//! font that is part of the program, so that a figure looks the same on every machine.
//!
//! | module | content |
//! |---|---|
//! | `style` | widths and font sizes of journals, colours |
//! | `font` | the font: widths and outlines of text |
//! | `picture` | paths with their colours, in points |
//! | `panel`, `search_panels` | draw a chart into a rectangle |
//! | `layout` | arranges the panels and the legend of a figure |
//! | `svg`, `pdf`, `png`, `terminal` | the formats |
//!
//! This part knows charts. It must not know runs.

mod font;
mod layout;
mod panel;
#[cfg(feature = "pictures")]
mod pdf;
mod picture;
#[cfg(feature = "pictures")]
mod png;
mod search_panels;
mod style;
mod svg;
mod terminal;

pub use layout::{Size, layout};
#[cfg(feature = "pictures")]
pub use pdf::pdf;
pub use picture::Picture;
#[cfg(feature = "pictures")]
pub use png::png;
pub use style::PaperStyle;
pub use svg::svg;
pub use terminal::terminal;
