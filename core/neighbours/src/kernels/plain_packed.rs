//! Packed values are plain numbers.
#![allow(unsafe_code)]

#[cfg(target_arch = "aarch64")]
use super::packed::SignedByte;
#[cfg(target_arch = "x86_64")]
use super::packed::{Byte, ShortByte};
use super::plain::Plain;

// SAFETY: transparent over a primitive number.
#[cfg(target_arch = "x86_64")]
unsafe impl Plain for Byte {}
// SAFETY: as above.
#[cfg(target_arch = "x86_64")]
unsafe impl Plain for ShortByte {}
// SAFETY: as above.
#[cfg(target_arch = "aarch64")]
unsafe impl Plain for SignedByte {}
