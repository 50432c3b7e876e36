//! Reading as much as there is, up to a limit.

use std::io::{ErrorKind, Read, Result};

/// Fills `buffer` as far as the file goes; answers how many bytes that are.
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
