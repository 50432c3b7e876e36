//! Checks the pages of a file against limits before the `parquet` crate decompresses and decodes
//! them.
//!
//! The footer, the page headers and the encoded data all state sizes, and any of them can be invalid:
//! a page of 20 bytes can claim 400 million numbers in one row.

use std::{fs::File, sync::Arc};

use parquet::{
    arrow::arrow_reader::RowGroups,
    basic::{Encoding, Type},
    column::page::{Page, PageIterator, PageMetadata, PageReader},
    errors::{ParquetError, Result},
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData},
        reader::ChunkReader,
        serialized_reader::SerializedPageReader,
    },
};

use super::header::{PageHeader, unsigned};

/// Limit of a decompressed page of numbers, in bytes. Most programs write pages of 1 MiB, `DuckDB`
/// up to 100 MB.
const LARGEST_PAGE: u64 = 256 << 20;
/// Limit of a decompressed page of strings, in bytes.
const LARGEST_STRING_PAGE: u64 = 32 << 20;
/// Longest accepted string, in bytes. No accession is longer.
const LONGEST_STRING: u64 = 4096;
/// Bytes in which a page header is searched, first few, then more, because statistics can make a
/// header long.
const HEADER_BYTES: [usize; 2] = [512, 256 << 10];
/// Bytes that levels can add to a page of few strings.
const LEVELS: u64 = 64 << 10;

fn invalid<T>(problem: impl Into<String>) -> Result<T> {
    Err(ParquetError::General(problem.into()))
}

/// The row groups of a file, with checked pages.
pub(super) struct Guarded {
    pub file: Arc<File>,
    pub metadata: Arc<ParquetMetaData>,
    /// Largest accepted number of values in a row.
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

/// A column in all row groups.
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
            return invalid("a column is missing in a row group");
        };
        let kind = Kind::from_chunk(chunk);
        check_headers(&self.file, chunk, kind)?;
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
    /// Numbers of this many bytes.
    Number(u64),
}

impl Kind {
    fn from_chunk(chunk: &ColumnChunkMetaData) -> Self {
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

/// Checks the header of every page of a column chunk.
fn check_headers(file: &File, chunk: &ColumnChunkMetaData, kind: Kind) -> Result<()> {
    let (mut at, mut left) = chunk.byte_range();
    while left > 0 {
        let mut found = None;
        for most in HEADER_BYTES {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(most);
            found = PageHeader::read(&file.get_bytes(at, length)?);
            if found.is_some() {
                break;
            }
        }
        let Some((header, length)) = found else {
            return invalid(format!("the page at byte {at} is missing"));
        };
        check_header(&header, kind)?;
        let whole = length as u64 + header.stored;
        left = match left.checked_sub(whole) {
            Some(left) => left,
            None => return invalid(format!("the page at byte {at} is cut off")),
        };
        at += whole;
    }
    Ok(())
}

fn check_header(header: &PageHeader, kind: Kind) -> Result<()> {
    let (largest, each) = match kind {
        Kind::Text => (LARGEST_STRING_PAGE, 4),
        Kind::Number(bytes) => (LARGEST_PAGE, bytes),
    };
    if header.plain > largest || header.stored > header.plain + header.plain / 4 + LEVELS {
        return invalid(format!(
            "a page has {} bytes, decompressed {}; the limit is {largest}",
            header.stored, header.plain
        ));
    }
    if header.dictionary && header.values.saturating_mul(each) > header.plain {
        return invalid(format!(
            "a dictionary of {} values has {} bytes",
            header.values, header.plain
        ));
    }
    let longest = header.values.saturating_mul(LONGEST_STRING + 8);
    if kind == Kind::Text && header.plain > longest.saturating_add(LEVELS) {
        return invalid(too_long());
    }
    Ok(())
}

fn too_long() -> String {
    format!("a string has more than {LONGEST_STRING} bytes, so it is not an accession")
}

/// The pages of a column chunk.
struct Pages {
    pages: SerializedPageReader<File>,
    kind: Kind,
    /// Whether a row is a list.
    lists: bool,
    /// Whether a row or a value can be null.
    nulls: bool,
    widest: u64,
    /// Number of values of the current row so far. A row can continue on the next page.
    row: u64,
}

impl Pages {
    fn check(&mut self, page: &Page) -> Result<()> {
        match page {
            Page::DictionaryPage { buf, .. } if self.kind == Kind::Text => check_strings(buf),
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
                for (present, level_encoding, is_repetition) in [
                    (self.lists, rep_level_encoding, true),
                    (self.nulls, def_level_encoding, false),
                ] {
                    if !present {
                        continue;
                    }
                    if *level_encoding != Encoding::RLE {
                        return invalid(format!("its levels are encoded as {level_encoding}"));
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

    /// Counts the values of each row from the repetition levels: 0 starts a row, 1 continues it.
    fn count(&mut self, mut levels: &[u8], values: u32) -> Result<()> {
        let mut left = u64::from(values);
        while left > 0 {
            let Some(head) = unsigned(&mut levels) else {
                return invalid("its levels are cut off");
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
                    let continues = packed[(bit / 8) as usize] >> (bit % 8) & 1 == 1;
                    self.row = if continues { self.row + 1 } else { 1 };
                    self.check_row()?;
                }
                left = left.saturating_sub(8 * bytes);
            }
            self.check_row()?;
            if head < 2 {
                return invalid("its levels are empty");
            }
        }
        Ok(())
    }

    fn check_row(&self) -> Result<()> {
        if self.row > self.widest {
            return invalid(format!(
                "a row has more than {} numbers, the limit from the footer",
                self.widest
            ));
        }
        Ok(())
    }
}

fn split(bytes: &[u8], count: u32) -> Result<(&[u8], &[u8])> {
    match bytes.split_at_checked(count as usize) {
        Some(split) => Ok(split),
        None => invalid("a page is cut off"),
    }
}

/// Splits off a value that is prefixed with its length of four bytes.
fn prefixed<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8]> {
    let (length, rest) = split(bytes, 4)?;
    let length = length.iter().rev().fold(0, |n, &b| n << 8 | u32::from(b));
    let (taken, rest) = split(rest, length)?;
    *bytes = rest;
    Ok(taken)
}

/// Checks the strings of a dictionary. Each of them can occur in every row.
fn check_strings(mut texts: &[u8]) -> Result<()> {
    while !texts.is_empty() {
        if prefixed(&mut texts)?.len() as u64 > LONGEST_STRING {
            return invalid(too_long());
        }
    }
    Ok(())
}

/// Delta encodings state their own number of values, which the `parquet` crate does not check.
fn check_encoding(encoding: Encoding, values: &[u8]) -> Result<()> {
    match encoding {
        Encoding::PLAIN
        | Encoding::RLE_DICTIONARY
        | Encoding::PLAIN_DICTIONARY
        | Encoding::BYTE_STREAM_SPLIT => Ok(()),
        Encoding::DELTA_LENGTH_BYTE_ARRAY => {
            let mut rest = values;
            let mut next = || unsigned(&mut rest);
            // The fields are the values per block, the parts per block and the total number of
            // values. Each string takes at least one byte.
            match (next(), next(), next()) {
                (Some(block), Some(parts), Some(total))
                    if total <= values.len() as u64
                        && parts > 0
                        && parts <= block
                        && block <= 1 << 20 =>
                {
                    Ok(())
                }
                _ => invalid("its strings have invalid lengths"),
            }
        }
        other => invalid(format!(
            "its values are encoded as {other}, which is not supported"
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
