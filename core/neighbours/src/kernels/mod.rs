//! The inner loops of the search, one file per instruction set.
//!
//! A kernel scores a small tile of references against a panel of queries, both in packed copies.
//! It reports which scores reach a threshold. [`Precision`] describes its arithmetic, and
//! `bounds` derives the bound on its error. To add an instruction set, add a file here, a variant
//! of [`Kernel`] and, if it rounds differently, a variant of `Precision`.

use crate::{bounds::RowScale, precision::Precision};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx_tiles;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_bytes;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod byte_product;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod compiled_for;
mod exact;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod instruction_set;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lanes;
#[cfg(target_arch = "aarch64")]
mod lanes_neon;
#[cfg(target_arch = "x86_64")]
mod lanes_x86;
mod local_alignment;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod loops;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_bytes;
mod packed;
mod plain;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod plain_packed;
mod portable;
mod rounding;
mod row_product;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod simd;
mod tile_maxima;
mod trial;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod vnni8;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(super) use amx::Amx;
pub(super) use byte_product::ByteProduct;
pub(super) use exact::{Exact, prefetch};
pub(super) use local_alignment::{Aligner, MOST as MOST_ALIGNED};
#[cfg(target_arch = "x86_64")]
use packed::{Byte, ShortByte};
pub(super) use packed::{PackedValue, SignedByte};
pub(super) use plain::{Plain, bytes_of, numbers_in};
pub(super) use portable::Portable;
pub(super) use rounding::Rounding;
pub(super) use row_product::RowProduct;
pub(super) use tile_maxima::TileMaxima;

/// Six references against sixteen queries.
#[cfg(target_arch = "x86_64")]
pub(super) type Avx2 = simd::Simd<avx2::Avx2, 2>;
/// Six references against sixteen queries, in leading coordinates.
#[cfg(target_arch = "x86_64")]
pub(super) type Avx2Bytes = simd::Simd<avx2_bytes::Avx2Bytes, 2>;
/// Six references against sixteen queries, as bytes.
#[cfg(target_arch = "x86_64")]
pub(super) type AvxVnni = simd::Simd<avx_vnni::AvxVnni, 2>;
/// Twelve references against `16 * V` queries.
#[cfg(target_arch = "x86_64")]
pub(super) type Avx512<const V: usize> = simd::Simd<avx512::Avx512, V>;
/// Twelve references against `16 * V` queries.
#[cfg(target_arch = "x86_64")]
pub(super) type Vnni<const V: usize> = simd::Simd<vnni::Vnni, V>;

/// Twelve references against `16 * V` queries, in leading coordinates.
#[cfg(target_arch = "x86_64")]
pub(super) type Vnni8<const V: usize> = simd::Simd<vnni8::Vnni8, V>;
/// Six references against sixteen queries.
#[cfg(target_arch = "aarch64")]
pub(super) type Neon = simd::Simd<neon::Neon, 4>;
/// Six references against sixteen queries, in leading coordinates.
#[cfg(target_arch = "aarch64")]
pub(super) type NeonBytes = simd::Simd<neon_bytes::NeonBytes, 4>;

/// The implementation that finds the candidates of a search. It changes the speed, never the
/// result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Portable Rust, for every processor.
    Portable,
    /// Single precision with AVX2 and FMA.
    Avx2,
    /// As `Avx2`; bytes with AVX-VNNI.
    AvxVnni,
    /// Single precision with AVX-512.
    Avx512,
    /// 16-bit integers with AVX-512 VNNI: twice as many products per instruction.
    Avx512Vnni,
    /// As `Avx512Vnni`; bytes with the tiles of AMX, on Linux.
    Amx,
    /// Single precision with NEON; bytes for leading coordinates if the processor has dot products.
    Neon,
}

impl Kernel {
    /// The name of the kernel, as in reports and error messages.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Portable => "portable",
            Kernel::Avx2 => "avx2",
            Kernel::AvxVnni => "avx-vnni",
            Kernel::Avx512 => "avx512",
            Kernel::Avx512Vnni => "avx512-vnni",
            Kernel::Amx => "amx",
            Kernel::Neon => "neon",
        }
    }

    /// Whether this processor supports the kernel.
    pub fn is_available(self) -> bool {
        match self {
            Kernel::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Kernel::AvxVnni => AvxVnni::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => Avx512::<2>::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni => Vnni::<2>::detect().is_some(),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Kernel::Amx => Vnni::<2>::detect().is_some() && Amx::detect().is_some(),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => Neon::detect().is_some(),
            // A kernel of another processor.
            _ => false,
        }
    }

    /// Whether the kernel multiplies whole rows as 16-bit integers, whose error may be too large.
    pub(super) fn has_integer_rows(self) -> bool {
        matches!(self, Kernel::Avx512Vnni | Kernel::Amx)
    }

    /// The kernels that this processor supports, in the order in which they were written: each is meant to
    /// be faster than those before it.
    pub fn available() -> Vec<Kernel> {
        [
            Kernel::Portable,
            Kernel::Avx2,
            Kernel::AvxVnni,
            Kernel::Avx512,
            Kernel::Avx512Vnni,
            Kernel::Amx,
            Kernel::Neon,
        ]
        .into_iter()
        .filter(|kernel| kernel.is_available())
        .collect()
    }
}

/// A sum of products in the representation of a kernel.
pub(super) trait SumValue: Copy + Default + Send + Sync + 'static {
    fn to_f32(self) -> f32;
    /// The integer, or the number nearest to it.
    fn from_i32(value: i32) -> Self;
    fn plus(self, other: Self) -> Self;
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
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    fn from_i32(value: i32) -> Self {
        value as f32
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl SumValue for i32 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self as f32
    }

    fn from_i32(value: i32) -> Self {
        value
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// A kernel: the shape of its tiles, and its inner loops.
///
/// A *panel* holds `QUERIES` queries as `[column / PAIR][query][PAIR]`; a *tile* holds `ROWS`
/// references as `[column / LINE][row][LINE]`; sums are `[row][query]`.
pub(super) trait TileKernel: Copy + Send + Sync + 'static {
    type Packed: PackedValue;
    type Sum: SumValue;
    /// See [`session`](Self::session).
    type Session;

    /// Number of queries in a panel, at most 32.
    const QUERIES: usize;
    /// Number of references in a tile.
    const ROWS: usize;
    /// Number of columns in a packed line of a reference. The width is padded to a multiple of it.
    const LINE: usize;
    /// Number of adjacent columns of a query that are stored together.
    const PAIR: usize;

    /// Prepares this thread for many calls of the kernel, which are correct without it but slower. Must
    /// be dropped before code that is not of this crate runs on the thread.
    fn session(self) -> Self::Session;

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
