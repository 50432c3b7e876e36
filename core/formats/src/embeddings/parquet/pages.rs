//! The pages of a file, held against bounds before the crate unpacks and decodes them.
//!
//! The footer, the head of a page and what is in the page each say how much there is, and each may lie: a page of 20 bytes may
//! be 400 million numbers of one row.

use std::fs::File;
use std::sync::Arc;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use super::header::{PageHeader, unsigned};

/// The largest page of numbers, unpacked. Most programs write pages of 1 MiB, `DuckDB` up to 100 MB.
const LARGEST_PAGE: u64 = 256 << 20;
/// The largest page of texts, unpacked.
const LARGEST_TEXTS: u64 = 32 << 20;
/// A text longer than this is no accession.
const LONGEST_TEXT: u64 = 4096;
/// The head of a page is looked for in so many bytes, and then in more: statistics may make it longer.
const HEADS: [usize; 2] = [512, 256 << 10];
/// What levels add to a page of few texts.
const LEVELS: u64 = 64 << 10;

fn wrong<T>(problem: impl Into<String>) -> Result<T> {
    Err(ParquetError::General(problem.into()))
}

/// All row groups of a file.
pub(super) struct Guarded {
    pub file: Arc<File>,
    pub metadata: Arc<ParquetMetaData>,
    /// The most numbers that a row may have.
    pub widest: u64,
}

impl RowGroups for Guarded {
    fn num_rows(&self) -> usize {
        let groups = self.metadata.row_groups().iter();
        groups
            .map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
            .fold(0, usize::saturating_add)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks {
            file: Arc::clone(&self.file),
            metadata: Arc::clone(&self.metadata),
            column,
            widest: self.widest,
            group: 0,
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// A column through all row groups.
struct Chunks {
    file: Arc<File>,
    metadata: Arc<ParquetMetaData>,
    column: usize,
    widest: u64,
    group: usize,
}

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.metadata.row_groups().get(self.group)?;
        self.group += 1;
        Some(self.open(group))
    }
}

impl PageIterator for Chunks {}

impl Chunks {
    fn open(&self, group: &RowGroupMetaData) -> Result<Box<dyn PageReader>> {
        let Some(chunk) = group.columns().get(self.column) else {
            return wrong("a column is missing in a row group");
        };
        let kind = Kind::of(chunk);
        check_heads(&self.file, chunk, kind)?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let column = chunk.column_descr();
        Ok(Box::new(Pages {
            pages: SerializedPageReader::new(Arc::clone(&self.file), chunk, rows, None)?,
            kind,
            lists: column.max_rep_level() > 0,
            nulls: column.max_def_level() > 0,
            widest: self.widest,
            row: 0,
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Numbers of so many bytes.
    Number(u64),
}

impl Kind {
    fn of(chunk: &ColumnChunkMetaData) -> Self {
        let descriptor = chunk.column_descr();
        match descriptor.physical_type() {
            Type::BYTE_ARRAY => Self::Text,
            Type::DOUBLE | Type::INT64 => Self::Number(8),
            Type::FIXED_LEN_BYTE_ARRAY => {
                Self::Number(u64::try_from(descriptor.type_length()).unwrap_or(0).max(1))
            }
            _ => Self::Number(4),
        }
    }
}

/// Goes from head to head through a chunk.
fn check_heads(file: &File, chunk: &ColumnChunkMetaData, kind: Kind) -> Result<()> {
    let (mut at, mut left) = chunk.byte_range();
    while left > 0 {
        let mut found = None;
        for most in HEADS {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(most);
            found = PageHeader::read(&file.get_bytes(at, length)?);
            if found.is_some() {
                break;
            }
        }
        let Some((header, length)) = found else {
            return wrong(format!("there is no page at byte {at}"));
        };
        check_head(&header, kind)?;
        let whole = length as u64 + header.stored;
        left = match left.checked_sub(whole) {
            Some(left) => left,
            None => return wrong(format!("the page at byte {at} is cut off")),
        };
        at += whole;
    }
    Ok(())
}

fn check_head(header: &PageHeader, kind: Kind) -> Result<()> {
    let (largest, each) = match kind {
        Kind::Text => (LARGEST_TEXTS, 4),
        Kind::Number(bytes) => (LARGEST_PAGE, bytes),
    };
    if header.plain > largest || header.stored > header.plain + header.plain / 4 + LEVELS {
        return wrong(format!(
            "a page has {} bytes, unpacked {}, where at most {largest} are read",
            header.stored, header.plain
        ));
    }
    if header.dictionary && header.values.saturating_mul(each) > header.plain {
        return wrong(format!(
            "a dictionary of {} values has {} bytes",
            header.values, header.plain
        ));
    }
    let longest = header.values.saturating_mul(LONGEST_TEXT + 8);
    if kind == Kind::Text && header.plain > longest.saturating_add(LEVELS) {
        return wrong(too_long());
    }
    Ok(())
}

fn too_long() -> String {
    format!("a text has more than {LONGEST_TEXT} bytes, and so is no accession")
}

/// The pages of a chunk.
struct Pages {
    pages: SerializedPageReader<File>,
    kind: Kind,
    /// Whether a row is a list, and whether anything may be null.
    lists: bool,
    nulls: bool,
    widest: u64,
    /// Numbers of the row so far: rows go on from page to page.
    row: u64,
}

impl Pages {
    fn check(&mut self, page: &Page) -> Result<()> {
        match page {
            Page::DictionaryPage { buf, .. } if self.kind == Kind::Text => check_texts(buf),
            Page::DictionaryPage { .. } => Ok(()),
            Page::DataPage {
                buf,
                num_values,
                encoding,
                rep_level_encoding,
                def_level_encoding,
                ..
            } => {
                let mut rest = buf.as_ref();
                for (present, of, is_repetition) in [
                    (self.lists, rep_level_encoding, true),
                    (self.nulls, def_level_encoding, false),
                ] {
                    if !present {
                        continue;
                    }
                    if *of != Encoding::RLE {
                        return wrong(format!("its levels are encoded as {of}"));
                    }
                    let levels = prefixed(&mut rest)?;
                    if is_repetition {
                        self.count(levels, *num_values)?;
                    }
                }
                check_encoding(*encoding, rest)
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let (repetition, rest) = split(buf, *rep_levels_byte_len)?;
                if self.lists {
                    self.count(repetition, *num_values)?;
                }
                check_encoding(*encoding, split(rest, *def_levels_byte_len)?.1)
            }
        }
    }

    /// Follows the levels of repetition: 0 begins a row, 1 goes on with it.
    fn count(&mut self, mut levels: &[u8], values: u32) -> Result<()> {
        let mut left = u64::from(values);
        while left > 0 {
            let Some(head) = unsigned(&mut levels) else {
                return wrong("its levels are cut off");
            };
            if head & 1 == 0 {
                let (level, rest) = split(levels, 1)?;
                levels = rest;
                let run = (head >> 1).min(left);
                self.row = if level[0] & 1 == 1 { self.row + run } else { 1 };
                left -= run;
            } else {
                let bytes = (head >> 1).min(left.div_ceil(8));
                let (packed, rest) = split(levels, bytes as u32)?;
                levels = rest;
                for bit in 0..(8 * bytes).min(left) {
                    let goes_on = packed[(bit / 8) as usize] >> (bit % 8) & 1 == 1;
                    self.row = if goes_on { self.row + 1 } else { 1 };
                    self.check_row()?;
                }
                left = left.saturating_sub(8 * bytes);
            }
            self.check_row()?;
            if head < 2 {
                return wrong("its levels are empty");
            }
        }
        Ok(())
    }

    fn check_row(&self) -> Result<()> {
        if self.row > self.widest {
            return wrong(format!(
                "a row has more than {} numbers, which the footer does not say",
                self.widest
            ));
        }
        Ok(())
    }
}

fn split(bytes: &[u8], count: u32) -> Result<(&[u8], &[u8])> {
    match bytes.split_at_checked(count as usize) {
        Some(split) => Ok(split),
        None => wrong("a page is cut off"),
    }
}

/// What has its length before it.
fn prefixed<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8]> {
    let (length, rest) = split(bytes, 4)?;
    let length = length.iter().rev().fold(0, |n, &b| n << 8 | u32::from(b));
    let (taken, rest) = split(rest, length)?;
    *bytes = rest;
    Ok(taken)
}

/// Texts of a dictionary: each may be that of all rows.
fn check_texts(mut texts: &[u8]) -> Result<()> {
    while !texts.is_empty() {
        if prefixed(&mut texts)?.len() as u64 > LONGEST_TEXT {
            return wrong(too_long());
        }
    }
    Ok(())
}

/// Encodings of differences claim a number of values of their own, which the crate takes on trust.
fn check_encoding(encoding: Encoding, values: &[u8]) -> Result<()> {
    match encoding {
        Encoding::PLAIN
        | Encoding::RLE_DICTIONARY
        | Encoding::PLAIN_DICTIONARY
        | Encoding::BYTE_STREAM_SPLIT => Ok(()),
        Encoding::DELTA_LENGTH_BYTE_ARRAY => {
            let mut rest = values;
            let mut next = || unsigned(&mut rest);
            // Values to a block, parts of a block, and values in all; each text has a byte at least.
            match (next(), next(), next()) {
                (Some(block), Some(parts), Some(total))
                    if total <= values.len() as u64
                        && parts > 0
                        && parts <= block
                        && block <= 1 << 20 =>
                {
                    Ok(())
                }
                _ => wrong("its texts claim impossible lengths"),
            }
        }
        other => wrong(format!(
            "its values are encoded as {other}, which is not read here"
        )),
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = &page {
            self.check(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}
