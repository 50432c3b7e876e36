//! Reads up to a limit, or to the end of the file.

use std::io::{ErrorKind, Read, Result};

/// Fills `buffer` until it is full or the file ends. Returns the number of bytes read.
pub(super) fn read_up_to(file: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
