//! Packed values are plain numbers.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::packed::{Byte, ShortByte};
use super::{packed::SignedByte, plain::Plain};

// SAFETY: transparent over a primitive number.
#[cfg(target_arch = "x86_64")]
unsafe impl Plain for Byte {}
// SAFETY: as above.
#[cfg(target_arch = "x86_64")]
unsafe impl Plain for ShortByte {}
// SAFETY: as above.
unsafe impl Plain for SignedByte {}
