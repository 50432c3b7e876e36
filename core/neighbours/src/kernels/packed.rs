//! Numbers in packed copies: how each kernel stores a coordinate.

use super::plain::Plain;

/// A number in the packed representation of a kernel.
pub(crate) trait PackedValue: Plain {
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

    /// Packs an integer of a reference.
    fn reference_integer(value: i8) -> Self;

    /// Packs an integer of a query.
    fn query_integer(value: i8) -> Self;

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
    fn reference_integer(value: i8) -> Self {
        f32::from(value)
    }

    #[inline(always)]
    fn query_integer(value: i8) -> Self {
        f32::from(value)
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
    fn reference_integer(value: i8) -> Self {
        i16::from(value)
    }

    #[inline(always)]
    fn query_integer(value: i8) -> Self {
        i16::from(value)
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self)
    }
}

/// An 8-bit integer: signed in a query, and with 128 added, unsigned, in a reference. That is what
/// the instructions that multiply bytes require.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub(crate) struct Byte(u8);

#[cfg(target_arch = "x86_64")]
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
    fn reference_integer(value: i8) -> Self {
        Self(value as u8 ^ 0x80)
    }

    #[inline(always)]
    fn query_integer(value: i8) -> Self {
        Self(value as u8)
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self.0 as i8)
    }
}

/// An 8-bit integer, signed in queries and references.
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub(crate) struct SignedByte(i8);

impl PackedValue for SignedByte {
    const LARGEST: f32 = 127.0;
    const SHIFT: i32 = 0;

    /// Rounds to the nearest integer. The magnitude must be at most 127.
    #[inline(always)]
    fn from_scaled(value: f32) -> Self {
        Self((value + 12_582_912.0).to_bits() as i8)
    }

    #[inline(always)]
    fn reference_integer(value: i8) -> Self {
        Self(value)
    }

    #[inline(always)]
    fn query_integer(value: i8) -> Self {
        Self(value)
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self.0)
    }
}

/// An integer of magnitude at most 90: signed in a query, and with 90 added, unsigned, in a reference.
/// Then the sum of two products is at most 32,400 and fits in 16 bits.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub(crate) struct ShortByte(u8);

#[cfg(target_arch = "x86_64")]
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
    fn reference_integer(value: i8) -> Self {
        Self((value as u8).wrapping_add(90))
    }

    #[inline(always)]
    fn query_integer(value: i8) -> Self {
        Self(value as u8)
    }

    #[inline(always)]
    fn number(self) -> f32 {
        f32::from(self.0 as i8)
    }
}
