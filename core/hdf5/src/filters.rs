//! Undoes the filters that were applied to a chunk when it was written: deflate, shuffle,
//! Fletcher's checksum and LZF.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{
    error::{Hdf5Error, damaged, unsupported},
    storage::Fields,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    Shuffle { element: usize },
    Fletcher32,
    Lzf,
}

/// The filter number that h5py registered for LZF.
const LZF: u64 = 32_000;
/// Bytes that earlier filters may have added to a chunk: 4 bytes for each checksum.
const MAX_ADDED: usize = 64;

/// Parses the filter pipeline of a dataset.
pub(super) fn parse(mut pipeline: Fields<'_>) -> Result<Vec<Filter>, Hdf5Error> {
    let version = pipeline.byte()?;
    let count = pipeline.byte()?;
    match version {
        1 => {
            pipeline.bytes(6)?;
        }
        2 => {}
        _ => return Err(damaged(format!("the filters have version {version}"))),
    }
    if count > 32 {
        return Err(damaged(format!("a dataset has {count} filters")));
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        let id = pipeline.uint(2)?;
        let has_name = version == 1 || id >= 256;
        let name = if has_name {
            pipeline.uint(2)? as usize
        } else {
            0
        };
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
            5 => return Err(unsupported("uses the N-bit filter")),
            6 => return Err(unsupported("uses the scale and offset filter")),
            32_001 => return Err(unsupported("is compressed with Blosc")),
            32_004 => return Err(unsupported("is compressed with LZ4")),
            32_015 => return Err(unsupported("has chunks compressed with Zstandard")),
            other => return Err(unsupported(format!("uses filter {other}"))),
        });
    }
    Ok(filters)
}

/// Undoes the filters. The result must have `size` bytes. Bit `i` of `mask` is set if filter `i`
/// was skipped.
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
            Filter::Deflate => inflate(&chunk, size + MAX_ADDED)?,
            Filter::Lzf => lzf(&chunk, size + MAX_ADDED)?,
            Filter::Shuffle { element } => unshuffle(&chunk, *element),
            Filter::Fletcher32 => verify_checksum(chunk)?,
        };
    }
    if chunk.len() != size {
        return Err(damaged(format!(
            "a chunk has {} bytes instead of {size}",
            chunk.len()
        )));
    }
    Ok(chunk)
}

fn inflate(chunk: &[u8], limit: usize) -> Result<Vec<u8>, Hdf5Error> {
    let mut plain = Vec::new();
    ZlibDecoder::new(chunk)
        .take(limit as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| damaged(format!("a chunk cannot be decompressed: {error}")))?;
    if plain.len() > limit {
        return Err(damaged("a chunk is larger than its dataset allows"));
    }
    Ok(plain)
}

/// Decompresses Marc Lehmann's LZF: runs of literal bytes and copies of earlier bytes.
fn lzf(chunk: &[u8], limit: usize) -> Result<Vec<u8>, Hdf5Error> {
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
                .ok_or_else(|| damaged("a chunk refers to bytes before its start"))?;
            for at in from..from + length + 2 {
                plain.push(plain[at]);
            }
        }
        if plain.len() > limit {
            return Err(damaged("a chunk is larger than its dataset allows"));
        }
    }
    Ok(plain)
}

/// Undoes the shuffle filter, which stores the first bytes of all elements, then the second bytes,
/// and so on.
fn unshuffle(chunk: &[u8], element: usize) -> Vec<u8> {
    let count = chunk.len() / element;
    let mut plain = vec![0; chunk.len()];
    for (byte, column) in chunk.chunks_exact(count.max(1)).take(element).enumerate() {
        for (row, &value) in column.iter().enumerate() {
            plain[row * element + byte] = value;
        }
    }
    // The filter leaves an incomplete last element as it is.
    let whole = count * element;
    plain[whole..].copy_from_slice(&chunk[whole..]);
    plain
}

fn verify_checksum(mut chunk: Vec<u8>) -> Result<Vec<u8>, Hdf5Error> {
    let length = chunk
        .len()
        .checked_sub(4)
        .ok_or_else(|| damaged("a chunk is too short for its checksum"))?;
    let stored = Fields(&chunk[length..]).uint(4)? as u32;
    chunk.truncate(length);
    if fletcher32(&chunk) != stored {
        return Err(damaged("the checksum of a chunk does not match"));
    }
    Ok(chunk)
}

/// Fletcher's checksum over big-endian 16-bit words, as HDF5 defines it.
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
