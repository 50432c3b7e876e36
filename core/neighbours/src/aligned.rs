//! Numbers that start at a cache line, so that no access of a kernel touches two lines.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest register.
const LINE: usize = 64;

/// A vector of a fixed length whose first number is at the start of a cache line.
pub(super) struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy + Default> Aligned<T> {
    pub(super) fn new(length: usize) -> Self {
        let spare = LINE / size_of::<T>();
        let values = vec![T::default(); length + spare];
        // A larger offset would only be slower.
        let start = values.as_ptr().align_offset(LINE).min(spare);
        Self {
            values,
            start,
            length,
        }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.length]
    }
}
