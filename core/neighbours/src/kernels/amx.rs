//! Bytes with the tiles of AMX: 32 references against 32 queries, 64 columns at a time, summed exactly
//! in 32 bits.
//!
//! The product of two tiles is one instruction. Rust does not offer it without `asm!`
//! (rust-lang/rust#126622).
#![allow(unsafe_code)]

use std::arch::{asm, x86_64::__m512i};

use super::{
    BoundLanes, BoundRow, RowScale, SignedByte, TileKernel,
    amx_tiles::{self, TileSession},
    loops, pack_row_body,
};

/// Proof that the processor has AMX for bytes and AVX-512F, and that the process may use tiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amx(());

/// Registers of queries in a panel.
const V: usize = 2;

impl Amx {
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && amx_tiles::are_available();
        found.then_some(Self(()))
    }
}

impl TileKernel for Amx {
    type Packed = SignedByte;
    type Sum = i32;
    type Session = TileSession;

    const QUERIES: usize = 32;
    const ROWS: usize = 32;
    const LINE: usize = 64;
    const PAIR: usize = 4;

    fn session(self) -> TileSession {
        TileSession::start()
    }

    #[inline]
    fn multiply(
        self,
        panel: &[SignedByte],
        tile: &[SignedByte],
        lines: usize,
        sums: &mut [i32],
        add: bool,
    ) {
        assert!(panel.len() >= lines * Self::LINE * Self::QUERIES);
        assert!(tile.len() >= lines * Self::LINE * Self::ROWS);
        assert!(sums.len() >= Self::ROWS * Self::QUERIES);
        let _session = self.session();
        let mut products = [0; Self::ROWS * Self::QUERIES];
        let out = if add { &mut products[..] } else { &mut *sums };
        // SAFETY: `self` proves the instructions, the session the configuration, and the assertions
        // above cover every address.
        unsafe { products_of_tiles(panel, tile, lines, out.as_mut_ptr()) };
        if add {
            for (sum, product) in sums.iter_mut().zip(products) {
                *sum += product;
            }
        }
    }

    fn filter(
        self,
        sums: &[i32],
        rows: &[RowScale],
        offset_factors: &[f32],
        thresholds: &[f32],
        masks: &mut Vec<u32>,
    ) {
        let classes = thresholds.len() / Self::QUERIES;
        assert!(sums.len() >= rows.len() * Self::QUERIES);
        assert!(offset_factors.len() >= Self::QUERIES);
        assert!(rows.iter().all(|row| usize::from(row.class) < classes));
        masks.clear();
        let (sums, factors) = (sums.as_ptr(), offset_factors.as_ptr());
        // SAFETY: `self` proves the instructions; the assertions above cover every address read.
        unsafe { filter(sums, rows, factors, thresholds.as_ptr(), masks) }
    }

    #[inline]
    fn reach(
        self,
        panel: &[SignedByte],
        tile: &[SignedByte],
        lines: usize,
        rows: &[BoundRow],
        lanes: &BoundLanes<'_, i32>,
        sums: &mut [i32],
        masks: &mut [u32],
    ) {
        assert!(rows.len() == Self::ROWS && masks.len() >= Self::ROWS);
        assert!(lanes.tails.len() >= Self::QUERIES && lanes.offsets.len() >= Self::QUERIES);
        let classes = lanes.thresholds.len() / Self::QUERIES;
        assert!(rows.iter().all(|row| (row.class as usize) < classes));
        self.multiply(panel, tile, lines, sums, false);
        let (sums, masks) = (sums.as_ptr(), masks.as_mut_ptr());
        // SAFETY: `self` proves the instructions; the assertions here and in `multiply` cover every
        // address.
        unsafe { bounds(sums, rows, lanes, masks) }
    }

    fn pack_row(self, values: &[f32], scale: f32, out: &mut [SignedByte]) {
        let stride = Self::ROWS * Self::LINE;
        pack_row_body::<SignedByte, { Self::LINE }>(values, scale, out, stride);
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn filter(
    sums: *const i32,
    rows: &[RowScale],
    offset_factors: *const f32,
    thresholds: *const f32,
    masks: &mut Vec<u32>,
) {
    // SAFETY: the caller guarantees what `loops::filter` requires.
    unsafe { loops::filter::<__m512i, V>(sums, rows, offset_factors, thresholds, masks) }
}

#[target_feature(enable = "avx512f")]
unsafe fn bounds(
    sums: *const i32,
    rows: &[BoundRow],
    lanes: &BoundLanes<'_, i32>,
    masks: *mut u32,
) {
    // SAFETY: the caller guarantees what `loops::bounds` requires.
    unsafe { loops::bounds::<__m512i, V>(sums, rows, lanes, masks) }
}

/// Instructions that request 64 bytes of the panel at each offset.
macro_rules! request {
    ($($offset:literal)*) => {
        concat!($("prefetcht0 [{panel} + ", $offset, "]\n",)*)
    };
}

/// Four sums of products of tiles: two of sixteen references with two of sixteen queries.
///
/// # Safety
///
/// `panel` and `tile` have `lines` lines, `sums` has room for 32 times 32 sums, and the tiles of this
/// thread are configured.
#[inline(always)]
unsafe fn products_of_tiles(
    panel: &[SignedByte],
    tile: &[SignedByte],
    lines: usize,
    sums: *mut i32,
) {
    // A line of the panel and of the tile is 2,048 bytes. In a row, the panel has 128 bytes and so do
    // the sums; the tile has 64. The same tile is multiplied with one panel after another: the hint `t1`
    // keeps it, and not the panels, in the first-level cache, which makes wide rows 1.2 times as fast. The
    // next line of the panel is requested meanwhile; after the last one, a request reads nothing.
    // SAFETY: the caller guarantees the addresses and the configuration. With no lines, the loop is
    // skipped.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "test {lines}, {lines}",
            "jz 3f",
            "2:",
            "tileloadd tmm4, [{tile} + {narrow}]",
            "tileloaddt1 tmm6, [{panel} + {wide}]",
            "tileloaddt1 tmm7, [{panel} + {wide} + 64]",
            "tdpbssd tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{tile} + {narrow} + 1024]",
            "tdpbssd tmm1, tmm4, tmm7",
            "add {tile}, 2048",
            "tdpbssd tmm2, tmm5, tmm6",
            "add {panel}, 2048",
            "tdpbssd tmm3, tmm5, tmm7",
            request!(0 64 128 192 256 320 384 448 512 576 640 704 768 832 896 960),
            request!(1024 1088 1152 1216 1280 1344 1408 1472 1536 1600 1664 1728 1792 1856 1920 1984),
            "dec {lines}",
            "jnz 2b",
            "3:",
            "tilestored [{sums} + {wide}], tmm0",
            "tilestored [{sums} + {wide} + 64], tmm1",
            "tilestored [{sums} + {wide} + 2048], tmm2",
            "tilestored [{sums} + {wide} + 2112], tmm3",
            tile = inout(reg) tile.as_ptr() => _,
            panel = inout(reg) panel.as_ptr() => _,
            lines = inout(reg) lines => _,
            narrow = in(reg) 64_usize,
            wide = in(reg) 128_usize,
            sums = in(reg) sums,
            out("tmm0") _,
            out("tmm1") _,
            out("tmm2") _,
            out("tmm3") _,
            out("tmm4") _,
            out("tmm5") _,
            out("tmm6") _,
            out("tmm7") _,
            options(nostack),
        );
    }
}
