//! The filters that a chunk went through when it was written: deflate, shuffle, Fletcher's checksum and LZF.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::error::{Hdf5Error, broken, unsupported};
use super::storage::Fields;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    Shuffle { element: usize },
    Fletcher32,
    Lzf,
}

/// h5py's own number for LZF.
const LZF: u64 = 32_000;
/// What filters before deflate may have added to a chunk: a checksum each.
const ADDED: usize = 64;

/// Reads the pipeline of a dataset.
pub(super) fn parse(mut pipeline: Fields<'_>) -> Result<Vec<Filter>, Hdf5Error> {
    let version = pipeline.byte()?;
    let count = pipeline.byte()?;
    match version {
        1 => {
            pipeline.bytes(6)?;
        }
        2 => {}
        _ => return Err(broken(format!("filters of version {version}"))),
    }
    if count > 32 {
        return Err(broken(format!("{count} filters")));
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        let id = pipeline.uint(2)?;
        let named = version == 1 || id >= 256;
        let name = if named { pipeline.uint(2)? as usize } else { 0 };
        pipeline.uint(2)?;
        let values = pipeline.uint(2)? as usize;
        pipeline.bytes(if version == 1 {
            name.next_multiple_of(8)
        } else {
            name
        })?;
        let mut client = Fields(pipeline.bytes(4 * values)?);
        if version == 1 && values % 2 == 1 {
            pipeline.bytes(4)?;
        }
        filters.push(match id {
            1 => Filter::Deflate,
            2 => Filter::Shuffle {
                element: client.uint(4)?.max(1) as usize,
            },
            3 => Filter::Fletcher32,
            LZF => Filter::Lzf,
            4 => return Err(unsupported("is compressed with SZIP")),
            5 => return Err(unsupported("is packed with N-bit")),
            6 => return Err(unsupported("is packed with scale and offset")),
            32_001 => return Err(unsupported("is compressed with Blosc")),
            32_004 => return Err(unsupported("is compressed with LZ4")),
            32_015 => return Err(unsupported("is compressed with Zstandard inside")),
            other => return Err(unsupported(format!("went through filter {other}"))),
        });
    }
    Ok(filters)
}

/// Undoes the filters; the chunk must then have `size` bytes. `mask` has a bit for each filter that was left out.
pub(super) fn undo(
    filters: &[Filter],
    mask: u32,
    mut chunk: Vec<u8>,
    size: usize,
) -> Result<Vec<u8>, Hdf5Error> {
    for (number, filter) in filters.iter().enumerate().rev() {
        if mask & (1 << number) != 0 {
            continue;
        }
        chunk = match filter {
            Filter::Deflate => inflate(&chunk, size + ADDED)?,
            Filter::Lzf => lzf(&chunk, size + ADDED)?,
            Filter::Shuffle { element } => unshuffle(&chunk, *element),
            Filter::Fletcher32 => checked(chunk)?,
        };
    }
    if chunk.len() != size {
        return Err(broken(format!(
            "a chunk of {} bytes instead of {size}",
            chunk.len()
        )));
    }
    Ok(chunk)
}

fn inflate(chunk: &[u8], most: usize) -> Result<Vec<u8>, Hdf5Error> {
    let mut plain = Vec::new();
    ZlibDecoder::new(chunk)
        .take(most as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| broken(format!("a chunk cannot be decompressed: {error}")))?;
    if plain.len() > most {
        return Err(broken("a chunk is larger than its dataset says"));
    }
    Ok(plain)
}

/// Marc Lehmann's LZF: runs of literal bytes, and copies of what came before.
fn lzf(chunk: &[u8], most: usize) -> Result<Vec<u8>, Hdf5Error> {
    let mut plain: Vec<u8> = Vec::new();
    let mut rest = Fields(chunk);
    while !rest.0.is_empty() {
        let control = usize::from(rest.byte()?);
        if control < 32 {
            plain.extend_from_slice(rest.bytes(control + 1)?);
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += usize::from(rest.byte()?);
            }
            let back = ((control & 0x1f) << 8 | usize::from(rest.byte()?)) + 1;
            let from = plain
                .len()
                .checked_sub(back)
                .ok_or_else(|| broken("a chunk refers to bytes before its beginning"))?;
            for at in from..from + length + 2 {
                plain.push(plain[at]);
            }
        }
        if plain.len() > most {
            return Err(broken("a chunk is larger than its dataset says"));
        }
    }
    Ok(plain)
}

/// The first bytes of all elements came first, then the second bytes, and so on.
fn unshuffle(chunk: &[u8], element: usize) -> Vec<u8> {
    let count = chunk.len() / element;
    let mut plain = vec![0; chunk.len()];
    for (byte, column) in chunk.chunks_exact(count.max(1)).take(element).enumerate() {
        for (row, &value) in column.iter().enumerate() {
            plain[row * element + byte] = value;
        }
    }
    // What does not fill an element was left as it was.
    let whole = count * element;
    plain[whole..].copy_from_slice(&chunk[whole..]);
    plain
}

fn checked(mut chunk: Vec<u8>) -> Result<Vec<u8>, Hdf5Error> {
    let length = chunk
        .len()
        .checked_sub(4)
        .ok_or_else(|| broken("a chunk has no room for its checksum"))?;
    let stored = Fields(&chunk[length..]).uint(4)? as u32;
    chunk.truncate(length);
    if fletcher32(&chunk) != stored {
        return Err(broken(
            "a chunk has another checksum than when it was written",
        ));
    }
    Ok(chunk)
}

/// Fletcher's checksum over 16-bit words, first byte high, as HDF5 has it.
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut one, mut two) = (0u32, 0u32);
    for block in bytes.chunks(720) {
        for word in block.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            one += u32::from(word[0]) << 8 | u32::from(low);
            two += one;
        }
        one = (one & 0xffff) + (one >> 16);
        two = (two & 0xffff) + (two >> 16);
    }
    one = (one & 0xffff) + (one >> 16);
    two = (two & 0xffff) + (two >> 16);
    two << 16 | one
}
