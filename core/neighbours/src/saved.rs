//! The form in which an index saves numbers: a header with checksums, and sections.
//!
//! | bytes | content |
//! |---|---|
//! | 0–15 | [`MAGIC`], whose last byte is the version |
//! | 16–23 | checksum of the rest of the header |
//! | 24–31 | how many numbers the layout has, and how many sections there are, two `u32` |
//! | then | the layout, `u64` each: what the sections are, and the constants of the code that reads them |
//! | then | for each section, its length in bytes and its checksum, two `u64` |
//! | then | the sections, each at a multiple of 64 bytes |
//!
//! Numbers are little-endian. On other processors nothing is saved. Raise the version when the meaning
//! of a section changes: the same bytes must always mean the same.

use std::{marker::PhantomData, ops::Range};

use rayon::prelude::*;

use crate::{
    aligned::Aligned,
    index_cache::{CachePart, CachedBytes, IndexCache},
    kernels::{Plain, numbers_in},
};

const MAGIC: [u8; 16] = *b"protea-index\0\0\0\x01";
/// Sections begin at multiples of this: the largest alignment of a number, and a line of the cache.
const ALIGNMENT: usize = 64;
/// The bytes before the layout.
const START: usize = 32;
/// The most numbers of a layout, and the most sections.
const MOST: usize = 64;
/// Bytes that one thread sums at a time.
const CHUNK: usize = 1 << 20;

/// What a part of an index is. The first number of its layout.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Norms = 1,
    Directions = 2,
    Leading = 3,
}

/// A part that a cache lacks.
pub(super) struct NewPart<'s> {
    name: String,
    header: Vec<u8>,
    sections: Vec<&'s [u8]>,
}

impl<'s> NewPart<'s> {
    pub(super) fn new(name: String, part: Part, layout: &[u64], sections: Vec<&'s [u8]>) -> Self {
        Self {
            name,
            header: header(part, layout, &sections),
            sections,
        }
    }
}

/// Saves parts.
pub(super) fn save(cache: &dyn IndexCache, parts: &[NewPart<'_>]) {
    if cfg!(target_endian = "big") || parts.is_empty() {
        return;
    }
    const PADDING: [u8; ALIGNMENT] = [0; ALIGNMENT];
    let parts: Vec<CachePart<'_>> = parts
        .iter()
        .map(|part| {
            let mut pieces = vec![&part.header[..]];
            for &section in &part.sections {
                pieces.push(section);
                pieces.push(&PADDING[..padded(section.len()) - section.len()]);
            }
            CachePart {
                name: &part.name,
                pieces,
            }
        })
        .collect();
    cache.save(&parts);
}

/// The sections of a part that was saved with this layout. `None` if there is none that can be used.
pub(super) fn load(
    cache: &dyn IndexCache,
    name: &str,
    part: Part,
    layout: &[u64],
) -> Option<Sections> {
    if cfg!(target_endian = "big") {
        return None;
    }
    let bytes = cache.load(name)?;
    let ranges = read((*bytes).as_ref(), part, layout);
    match ranges {
        Ok(ranges) => Some(Sections { bytes, ranges }),
        Err(reason) => {
            cache.reject(name, reason);
            None
        }
    }
}

/// Sections whose checksums are right.
pub(super) struct Sections {
    bytes: CachedBytes,
    ranges: Vec<Range<usize>>,
}

impl Sections {
    /// The numbers of a section. `None` if there is no such section, or it is not made of whole numbers.
    pub(super) fn numbers<T: Plain>(&self, section: usize) -> Option<Numbers<T>> {
        let range = self.ranges.get(section)?.clone();
        numbers_in::<T>((*self.bytes).as_ref().get(range.clone())?)?;
        Some(Numbers(Source::Cached {
            bytes: CachedBytes::clone(&self.bytes),
            range,
            of: PhantomData,
        }))
    }
}

/// Numbers that are in memory of their own, or in bytes from a cache.
pub(super) struct Numbers<T>(Source<T>);

enum Source<T> {
    Own(Vec<T>),
    Aligned(Aligned<T>),
    Cached {
        bytes: CachedBytes,
        range: Range<usize>,
        of: PhantomData<T>,
    },
}

impl<T: Plain> Numbers<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        match &self.0 {
            Source::Own(numbers) => numbers,
            Source::Aligned(numbers) => numbers,
            // Numbers when the section was loaded. A cache whose bytes change gives none.
            Source::Cached { bytes, range, .. } => (**bytes)
                .as_ref()
                .get(range.clone())
                .and_then(numbers_in)
                .unwrap_or_default(),
        }
    }
}

impl<T> From<Aligned<T>> for Numbers<T> {
    fn from(numbers: Aligned<T>) -> Self {
        Self(Source::Aligned(numbers))
    }
}

impl<T> From<Vec<T>> for Numbers<T> {
    fn from(numbers: Vec<T>) -> Self {
        Self(Source::Own(numbers))
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(Source::Own(Vec::new()))
    }
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

fn header(part: Part, layout: &[u64], sections: &[&[u8]]) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend([0; 8]);
    header.extend((layout.len() as u32 + 1).to_le_bytes());
    header.extend((sections.len() as u32).to_le_bytes());
    for number in [part as u64].iter().chain(layout) {
        header.extend(number.to_le_bytes());
    }
    for section in sections {
        header.extend((section.len() as u64).to_le_bytes());
        header.extend(checksum(section).to_le_bytes());
    }
    header.resize(padded(header.len()), 0);
    let sum = checksum(&header[24..]);
    header[16..24].copy_from_slice(&sum.to_le_bytes());
    header
}

/// Where the sections are.
fn read(bytes: &[u8], part: Part, layout: &[u64]) -> Result<Vec<Range<usize>>, &'static str> {
    let damaged = "it is damaged";
    let version = MAGIC.len() - 1;
    if bytes.get(..version) != Some(&MAGIC[..version]) {
        return Err("it is not a part of an index");
    }
    if bytes.get(version) != Some(&MAGIC[version]) {
        return Err("it has another version");
    }
    let number = |at: usize| -> Option<u64> {
        let bytes = bytes.get(at..at + 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    let counts = number(24).ok_or(damaged)?;
    let (numbers, sections) = (counts as u32 as usize, (counts >> 32) as usize);
    if numbers > MOST || sections > MOST {
        return Err(damaged);
    }
    let table = START + 8 * numbers;
    let mut at = padded(table + 16 * sections);
    let sum = number(16).ok_or(damaged)?;
    if bytes.get(24..at).map(checksum) != Some(sum) {
        return Err(damaged);
    }
    let expected = [part as u64];
    let mut expected = expected.iter().chain(layout).copied().map(Some);
    if (0..numbers).any(|found| number(START + 8 * found) != expected.next().flatten())
        || expected.next().is_some()
    {
        return Err("it has another layout");
    }
    let mut ranges = Vec::with_capacity(sections);
    for section in 0..sections {
        let entry = table + 16 * section;
        let (length, sum) = number(entry).zip(number(entry + 8)).ok_or(damaged)?;
        let length = usize::try_from(length).map_err(|_| damaged)?;
        let end = at.checked_add(length).ok_or(damaged)?;
        if bytes.get(at..end).map(checksum) != Some(sum) {
            return Err(damaged);
        }
        ranges.push(at..end);
        at = end.checked_next_multiple_of(ALIGNMENT).ok_or(damaged)?;
    }
    if at != bytes.len() {
        return Err(damaged);
    }
    Ok(ranges)
}

/// A sum of bytes that any change of one word changes, as fast as memory is read. It finds damage, not
/// forgery.
fn checksum(bytes: &[u8]) -> u64 {
    let chunks: Vec<u8> = bytes
        .par_chunks(CHUNK)
        .flat_map_iter(|chunk| sum(chunk).to_le_bytes())
        .collect();
    sum(&chunks)
}

fn sum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    // Each step is a bijection of the lane for every word, and of the word for every lane.
    let step = |lane: u64, word: u64| (lane ^ word).wrapping_mul(FACTOR).rotate_left(31);
    let mut lanes: [u64; 8] = std::array::from_fn(|lane| FACTOR.wrapping_mul(lane as u64 + 1));
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    for block in blocks.iter().chain([&last]) {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = step(*lane, u64::from_le_bytes(*word));
        }
    }
    lanes.into_iter().fold(bytes.len() as u64, step)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn whole(layout: &[u64], sections: &[&[u8]]) -> Vec<u8> {
        let mut bytes = header(Part::Norms, layout, sections);
        for section in sections {
            bytes.extend_from_slice(section);
            bytes.resize(padded(bytes.len()), 0);
        }
        bytes
    }

    #[test]
    fn sections_are_read_back_and_damage_is_found() {
        let long: Vec<u8> = (0..3 * CHUNK / 2)
            .map(|at| (at * 7 + at / 251) as u8)
            .collect();
        for sections in [vec![], vec![&b"12345678"[..], b"", &long[..]]] {
            let layout = [3, u64::MAX];
            let bytes = whole(&layout, &sections);
            let ranges = read(&bytes, Part::Norms, &layout).unwrap();
            let found: Vec<&[u8]> = ranges.iter().map(|range| &bytes[range.clone()]).collect();
            assert_eq!(found, sections);
            assert_eq!(
                read(&bytes, Part::Leading, &layout),
                Err("it has another layout")
            );
            for other in [&[3][..], &[3, 4], &[3, u64::MAX, 0], &[]] {
                assert_eq!(
                    read(&bytes, Part::Norms, other),
                    Err("it has another layout")
                );
            }
            let ends = ranges.iter().map(|range| range.end);
            let first = padded(START + 8 * 3 + 16 * sections.len());
            // Padding after a section is not content.
            let is_content =
                |at: usize| at < first || ranges.iter().any(|range| range.contains(&at));
            let step = if bytes.len() > 4096 { 4093 } else { 1 };
            for at in (0..bytes.len())
                .step_by(step)
                .chain(ends.map(|end| end.max(1) - 1))
            {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << (at % 8);
                let is_read = read(&damaged, Part::Norms, &layout).is_ok();
                assert_eq!(is_read, !is_content(at), "byte {at}");
            }
            for length in [0, 15, 16, 31, 40, bytes.len() - 1, bytes.len() - 64] {
                assert!(
                    read(&bytes[..length], Part::Norms, &layout).is_err(),
                    "{length}"
                );
            }
            let longer = [&bytes[..], &[0; 64]].concat();
            assert_eq!(read(&longer, Part::Norms, &layout), Err("it is damaged"));
        }
    }

    #[test]
    fn other_files_and_versions_are_told_apart() {
        let mut bytes = whole(&[], &[]);
        bytes[15] += 1;
        assert_eq!(
            read(&bytes, Part::Norms, &[]),
            Err("it has another version")
        );
        bytes[0] = b'P';
        assert_eq!(
            read(&bytes, Part::Norms, &[]),
            Err("it is not a part of an index")
        );
        assert_eq!(
            read(b"", Part::Norms, &[]),
            Err("it is not a part of an index")
        );
    }

    #[test]
    fn numbers_need_whole_and_aligned_bytes() {
        let numbers = [1.5_f64, -2.0, 3.25];
        let bytes = whole(&[], &[crate::kernels::bytes_of(&numbers), &[1, 2, 3]]);
        // The vector is aligned for any number only by chance, so the sections are found in place.
        let ranges = read(&bytes, Part::Norms, &[]).unwrap();
        let bytes: CachedBytes = Arc::new(bytes);
        let sections = Sections { bytes, ranges };
        if let Some(found) = sections.numbers::<f64>(0) {
            assert_eq!(found.as_slice(), numbers);
        }
        assert!(sections.numbers::<f32>(1).is_none());
        assert!(sections.numbers::<i8>(2).is_none());
        assert_eq!(sections.numbers::<i8>(1).unwrap().as_slice(), [1, 2, 3]);
    }
}
