//! What journals ask of figures, and the colours.

/// Points in a millimetre.
pub const POINTS: f64 = 72.0 / 25.4;

/// The colours of series: those of Okabe and Ito (2008), which people with any of the common kinds of
/// colour blindness can tell apart, with the yellow left out, which is too light for lines. The last is
/// the grey of what others are compared with.
pub const COLOURS: [[u8; 3]; crate::chart::COLOURS] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    [0, 0, 0],
    [110, 110, 110],
];
/// Text.
pub const INK: [u8; 3] = [0, 0, 0];
/// Axes.
pub const FRAME: [u8; 3] = [60, 60, 60];
/// Lines behind the data.
pub const GUIDE: [u8; 3] = [170, 170, 170];
/// What is written at them.
pub const GUIDE_TEXT: [u8; 3] = [115, 115, 115];

/// The width of figures and the size of their text in a journal.
///
/// A figure over two columns is the default of each. Read on 2026-11-30:
///
/// | style | source |
/// |---|---|
/// | Nature | research-figure-guide.nature.com: 89 and 183 mm; text of 5 to 7 points |
/// | PLOS | journals.plos.org, "Figures": 66.8 to 190.5 mm; text of 8 to 12 points |
/// | Elsevier | elsevier.com, "Artwork sizing": 90 and 190 mm; text of 7 points |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaperStyle {
    /// 174 mm, 8 points.
    Plain,
    /// 89 or 183 mm, 7 points.
    Nature,
    /// The widest of 190.5 mm or the half of it, 8 points: PLOS gives limits, not columns.
    Plos,
    /// 90 or 190 mm, 7 points.
    Elsevier,
}

impl PaperStyle {
    /// All, by name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("plain", Self::Plain),
        ("nature", Self::Nature),
        ("plos", Self::Plos),
        ("elsevier", Self::Elsevier),
    ];

    /// The widths of one and of two columns in millimetres.
    #[must_use]
    pub const fn widths(self) -> [f64; 2] {
        match self {
            Self::Plain => [85.0, 174.0],
            Self::Nature => [89.0, 183.0],
            Self::Plos => [95.25, 190.5],
            Self::Elsevier => [90.0, 190.0],
        }
    }

    /// The size of the text in points.
    #[must_use]
    pub const fn font_size(self) -> f64 {
        match self {
            Self::Nature | Self::Elsevier => 7.0,
            Self::Plain | Self::Plos => 8.0,
        }
    }
}
