//! Compiles the loops for an instruction set.

/// The functions of an [`InstructionSet`] that are compiled with its target features.
macro_rules! compiled_for {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        unsafe fn compiled_multiply<const V: usize>(
            panel: *const Self::Packed,
            tile: *const Self::Packed,
            lines: usize,
            sums: *mut Sum<Self>,
            add: bool,
        ) {
            // SAFETY: the caller guarantees what `multiply` requires.
            unsafe {
                $crate::kernels::loops::multiply::<Self, V, { Self::ROWS }>(
                    panel, tile, lines, sums, add,
                )
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn compiled_filter<const V: usize>(
            sums: *const Sum<Self>,
            rows: &[RowScale],
            offset_factors: *const f32,
            thresholds: *const f32,
            masks: &mut Vec<u32>,
        ) {
            // SAFETY: the caller guarantees what `filter` requires.
            unsafe {
                $crate::kernels::loops::filter::<Self::Register, V>(
                    sums,
                    rows,
                    offset_factors,
                    thresholds,
                    masks,
                )
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn compiled_reach<const V: usize>(
            panel: *const Self::Packed,
            tile: *const Self::Packed,
            lines: usize,
            rows: &[BoundRow],
            lanes: &BoundLanes<'_, Sum<Self>>,
            sums: *mut Sum<Self>,
            masks: *mut u32,
        ) {
            // SAFETY: the caller guarantees what `reach` requires.
            unsafe {
                $crate::kernels::loops::reach::<Self, V, { Self::ROWS }>(
                    panel, tile, lines, rows, lanes, sums, masks,
                )
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn compiled_pack_row(values: &[f32], scale: f32, out: &mut [Self::Packed]) {
            $crate::kernels::pack_row_body::<Self::Packed, { Self::LINE }>(
                values,
                scale,
                out,
                Self::ROWS * Self::LINE,
            );
        }
    };
}
pub(super) use compiled_for;
