//! The inner loops of the search, one file per instruction set.
//!
//! A kernel scores a small tile of references against a panel of queries, both in packed copies.
//! It reports which scores reach a threshold. [`Precision`] describes its arithmetic, and
//! `bounds` derives the bound on its error. To add an instruction set, add a file here, a variant
//! of [`Kernel`] and, if it rounds differently, a variant of `Precision`.

use crate::{bounds::RowScale, precision::Precision};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_bytes;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod byte_product;
#[cfg(target_arch = "x86_64")]
mod compiled_for;
mod exact;
#[cfg(target_arch = "x86_64")]
mod instruction_set;
mod local_alignment;
#[cfg(target_arch = "x86_64")]
mod loops;
mod portable;
mod rounding;
mod row_product;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod vnni8;

pub(super) use byte_product::ByteProduct;
pub(super) use exact::{Exact, prefetch};
pub(super) use local_alignment::{Aligner, MOST as MOST_ALIGNED};
pub(super) use portable::Portable;
pub(super) use rounding::Rounding;
pub(super) use row_product::RowProduct;

/// Six references against sixteen queries.
#[cfg(target_arch = "x86_64")]
pub(super) type Avx2 = simd::Simd<avx2::Avx2, 2>;
/// Six references against sixteen queries, in leading coordinates.
#[cfg(target_arch = "x86_64")]
pub(super) type Avx2Bytes = simd::Simd<avx2_bytes::Avx2Bytes, 2>;
/// Twelve references against `16 * V` queries.
#[cfg(target_arch = "x86_64")]
pub(super) type Avx512<const V: usize> = simd::Simd<avx512::Avx512, V>;
/// Twelve references against `16 * V` queries.
#[cfg(target_arch = "x86_64")]
pub(super) type Vnni<const V: usize> = simd::Simd<vnni::Vnni, V>;

/// Twelve references against `16 * V` queries, in leading coordinates.
#[cfg(target_arch = "x86_64")]
pub(super) type Vnni8<const V: usize> = simd::Simd<vnni8::Vnni8, V>;

/// The implementation that finds the candidates of a search. It changes the speed, never the
/// result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Portable Rust, for every processor.
    Portable,
    /// Single precision with AVX2 and FMA.
    Avx2,
    /// Single precision with AVX-512.
    Avx512,
    /// 16-bit integers with AVX-512 VNNI: twice as many products per instruction.
    Avx512Vnni,
}

impl Kernel {
    /// The name of the kernel, as in reports and error messages.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Portable => "portable",
            Kernel::Avx2 => "avx2",
            Kernel::Avx512 => "avx512",
            Kernel::Avx512Vnni => "avx512-vnni",
        }
    }

    /// Whether this processor supports the kernel.
    pub fn is_available(self) -> bool {
        match self {
            Kernel::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => Avx512::<2>::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni => Vnni::<2>::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The kernels that this processor supports, from the slowest to the fastest.
    pub fn available() -> Vec<Kernel> {
        [
            Kernel::Portable,
            Kernel::Avx2,
            Kernel::Avx512,
            Kernel::Avx512Vnni,
        ]
        .into_iter()
        .filter(|kernel| kernel.is_available())
        .collect()
    }
}

/// A number in the packed representation of a kernel.
pub(super) trait PackedValue: Copy + Default + Send + Sync + 'static {
    /// The largest magnitude of a leading coordinate of a reference, so that no sum overflows; 0 if
    /// the representation does not need a scale of its own.
    const LARGEST: f32;
    /// What [`reference`](Self::reference) adds to each value.
    const SHIFT: i32;

    /// Packs a value that is already multiplied by the scale of its row.
    fn from_scaled(value: f32) -> Self;

    /// Packs a leading coordinate of a reference.
    #[inline(always)]
    fn reference(value: f32) -> Self {
        Self::from_scaled(value)
    }

    /// The number that [`from_scaled`](Self::from_scaled) packed.
    fn number(self) -> f32;
}

impl PackedValue for f32 {
    const LARGEST: f32 = 0.0;
    const SHIFT: i32 = 0;

    #[inline(always)]
    fn from_scaled(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn number(self) -> f32 {
        self
    }
}

impl PackedValue for i16 {
    // 256 products of two such numbers stay below 2^31.
    const LARGEST: f32 = 2800.0;
    const SHIFT: i32 = 0;

    /// Rounds to the nearest integer. The magnitude must be below 2^15.
    #[inline(always)]
    fn from_scaled(value: f32) -> Self {
        // Adding 1.5 * 2^23 leaves the rounded integer in the low bits. Unlike `round`, this
        // compiles to one addition per lane.
        (value + 12_582_912.0).to_bits() as i16
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self)
    }
}

/// An 8-bit integer: signed in a query, and with 128 added, unsigned, in a reference. That is what
/// the instructions that multiply bytes require.
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct Byte(u8);

impl PackedValue for Byte {
    const LARGEST: f32 = 127.0;
    const SHIFT: i32 = 128;

    /// Rounds to the nearest integer. The magnitude must be at most 127.
    #[inline(always)]
    fn from_scaled(value: f32) -> Self {
        Self((value + 12_582_912.0).to_bits() as u8)
    }

    #[inline(always)]
    fn reference(value: f32) -> Self {
        Self(Self::from_scaled(value).0 ^ 0x80)
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self.0 as i8)
    }
}

/// An integer of magnitude at most 90: signed in a query, and with 90 added, unsigned, in a reference.
/// Then the sum of two products is at most 32,400 and fits in 16 bits.
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct ShortByte(u8);

impl PackedValue for ShortByte {
    const LARGEST: f32 = 90.0;
    const SHIFT: i32 = 90;

    /// Rounds to the nearest integer. The magnitude must be at most 90.
    #[inline(always)]
    fn from_scaled(value: f32) -> Self {
        Self((value + 12_582_912.0).to_bits() as u8)
    }

    #[inline(always)]
    fn reference(value: f32) -> Self {
        Self(Self::from_scaled(value).0.wrapping_add(90))
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self.0 as i8)
    }
}

/// A sum of products in the representation of a kernel.
pub(super) trait SumValue: Copy + Default + Send + Sync + 'static {
    fn to_f32(self) -> f32;
    /// The integer, or the number nearest to it.
    fn from_i32(value: i32) -> Self;
}

/// How the leading coordinates of one reference become an upper bound of its key.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(super) struct BoundRow {
    /// Factor of the sum of products.
    pub(super) factor: f32,
    /// Norm of what the leading coordinates leave out.
    pub(super) tail: f32,
    pub(super) offset: f32,
    /// Position of the mask of the row in the classes of the index.
    pub(super) class: u32,
}

/// What a panel of queries needs for the bounds: one value per query in each slice.
pub(super) struct BoundLanes<'l, S> {
    /// Sums before the first product.
    pub(super) starts: &'l [S],
    /// Factors of [`BoundRow::tail`].
    pub(super) tails: &'l [f32],
    /// Factors of [`BoundRow::offset`].
    pub(super) offsets: &'l [f32],
    /// `[class][query]`
    pub(super) thresholds: &'l [f32],
}

impl SumValue for f32 {
    fn to_f32(self) -> f32 {
        self
    }

    fn from_i32(value: i32) -> Self {
        value as f32
    }
}

impl SumValue for i32 {
    fn to_f32(self) -> f32 {
        self as f32
    }

    fn from_i32(value: i32) -> Self {
        value
    }
}

/// A kernel: the shape of its tiles, and its inner loops.
///
/// A *panel* holds `QUERIES` queries as `[column / PAIR][query][PAIR]`; a *tile* holds `ROWS`
/// references as `[column / LINE][row][LINE]`; sums are `[row][query]`.
pub(super) trait TileKernel: Copy + Send + Sync + 'static {
    type Packed: PackedValue;
    type Sum: SumValue;

    /// Number of queries in a panel, at most 32.
    const QUERIES: usize;
    /// Number of references in a tile.
    const ROWS: usize;
    /// Number of columns in a packed line of a reference. The width is padded to a multiple of it.
    const LINE: usize;
    /// Number of adjacent columns of a query that are stored together.
    const PAIR: usize;

    /// Multiplies the panel with the tile over `lines` lines of columns. Adds the products to
    /// `sums` if `add` is true, otherwise overwrites `sums`.
    fn multiply(
        self,
        panel: &[Self::Packed],
        tile: &[Self::Packed],
        lines: usize,
        sums: &mut [Self::Sum],
        add: bool,
    );

    /// Computes for each reference the mask of the queries whose key is at least their threshold.
    /// The key is `sum * factor + offset * offset_factor`. `thresholds` is `[class][query]`.
    fn filter(
        self,
        sums: &[Self::Sum],
        rows: &[RowScale],
        offset_factors: &[f32],
        thresholds: &[f32],
        masks: &mut Vec<u32>,
    );

    /// Multiplies the panel with the tile over `lines` lines of leading coordinates, and computes for
    /// each of the `ROWS` references the mask of the queries whose bound is at least their
    /// threshold. The bound is `sum * factor + tail * tail_factor + offset * offset_factor`. Also
    /// writes the sums, `[row][query]`.
    #[allow(clippy::too_many_arguments, reason = "the operands of one product")]
    fn reach(
        self,
        panel: &[Self::Packed],
        tile: &[Self::Packed],
        lines: usize,
        rows: &[BoundRow],
        lanes: &BoundLanes<'_, Self::Sum>,
        sums: &mut [Self::Sum],
        masks: &mut [u32],
    );

    /// Scales one reference and writes it into a tile. `out` starts at the first line of the row.
    fn pack_row(self, values: &[f32], scale: f32, out: &mut [Self::Packed]);
}

/// A kernel that multiplies whole rows, with a proven bound on its error.
pub(super) trait KeyKernel: TileKernel {
    const PRECISION: Precision;
}

/// The body of [`TileKernel::pack_row`]. It is inlined, so that the caller compiles it for its
/// instruction set.
#[inline(always)]
fn pack_row_body<T: PackedValue, const LINE: usize>(
    values: &[f32],
    scale: f32,
    out: &mut [T],
    stride: usize,
) {
    let mut lines = values.chunks_exact(LINE);
    let mut at = 0;
    for line in &mut lines {
        let out = &mut out[at..at + LINE];
        for (out, value) in out.iter_mut().zip(line) {
            *out = T::from_scaled(value * scale);
        }
        at += stride;
    }
    let rest = lines.remainder();
    if !rest.is_empty() {
        let out = &mut out[at..at + LINE];
        for (out, value) in out.iter_mut().zip(rest) {
            *out = T::from_scaled(value * scale);
        }
        out[rest.len()..].fill(T::default());
    }
}
