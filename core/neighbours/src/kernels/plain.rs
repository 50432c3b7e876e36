//! Numbers as bytes and back, for what an index saves.
#![allow(unsafe_code)]

use super::BoundRow;

/// A number, or a structure of numbers.
///
/// # Safety
///
/// The type has no padding, and every pattern of bits is a value.
pub(crate) unsafe trait Plain: Copy + Default + Send + Sync + 'static {}

// SAFETY: primitive numbers.
unsafe impl Plain for i8 {}
// SAFETY: as above.
unsafe impl Plain for i16 {}
// SAFETY: as above.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for f64 {}
// SAFETY: `repr(C)`, four numbers of four bytes each.
unsafe impl Plain for BoundRow {}

/// The bytes of some numbers, in the byte order of the processor.
pub(crate) fn bytes_of<T: Plain>(numbers: &[T]) -> &[u8] {
    // SAFETY: the memory belongs to the slice, and without padding all of it is initialised.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

/// The numbers in some bytes. `None` if the bytes are not whole numbers or not aligned for them.
pub(crate) fn numbers_in<T: Plain>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: every pattern of bits is a value of the type.
    let (before, numbers, after) = unsafe { bytes.align_to::<T>() };
    (before.is_empty() && after.is_empty()).then_some(numbers)
}
