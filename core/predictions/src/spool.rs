//! Sorts the rows of a file by protein in bounded memory.
//!
//! Rows are collected until the memory for them is used up. Then they are sorted by protein and
//! written to a temporary file, as one sorted section. Reading merges the sections. A file whose
//! proteins are in order gives one section, which needs no merging.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::Path,
};

use crate::{
    error::PredictionsError,
    names::{Scored, TermKey},
};

/// Bytes of a row in the temporary file: term and score.
const ROW: usize = 12;
/// Bytes before the rows of a record: protein and number of rows.
const HEAD: usize = 8;
/// Bytes of the buffer of a section that is read.
const BUFFER: Range<usize> = 16 << 10..1 << 20;
/// Rows of a protein from which repeated terms are removed while they are collected.
const MANY_ROWS: usize = 1 << 20;
/// Bytes that a collected row takes in memory.
const ROW_IN_MEMORY: usize = size_of::<Scored>();
const RECORD_IN_MEMORY: usize = size_of::<Record>();

#[derive(Clone, Copy)]
struct Record {
    protein: u32,
    start: usize,
    rows: u32,
}

/// The rows of a file, by protein.
pub(crate) struct Spool {
    memory: usize,
    rows: Vec<Scored>,
    records: Vec<Record>,
    file: Option<File>,
    sections: Vec<Range<u64>>,
    /// The last protein of the last section.
    last: u32,
}

impl Spool {
    /// Rows that take more than `memory` bytes go to a temporary file.
    pub fn new(memory: usize) -> Self {
        Self {
            memory: memory.max(ROW_IN_MEMORY + RECORD_IN_MEMORY),
            rows: Vec::new(),
            records: Vec::new(),
            file: None,
            sections: Vec::new(),
            last: 0,
        }
    }

    /// Adds consecutive rows of a protein.
    pub fn push(
        &mut self,
        protein: u32,
        rows: &[Scored],
        scratch: &Path,
    ) -> Result<(), PredictionsError> {
        // A record that is larger than the memory is cut.
        let most = (self.memory / ROW_IN_MEMORY).max(1);
        for rows in rows.chunks(most) {
            let used = self.rows.len() * ROW_IN_MEMORY + self.records.len() * RECORD_IN_MEMORY;
            if used + rows.len() * ROW_IN_MEMORY + RECORD_IN_MEMORY > self.memory
                && !self.records.is_empty()
            {
                self.write_section(scratch)?;
            }
            self.records.push(Record {
                protein,
                start: self.rows.len(),
                rows: rows.len() as u32,
            });
            self.rows.extend_from_slice(rows);
        }
        Ok(())
    }

    /// Writes what is in memory, if anything was written before. Call it after the last row.
    pub fn finish(&mut self, scratch: &Path) -> Result<(), PredictionsError> {
        if self.file.is_some() && !self.records.is_empty() {
            self.write_section(scratch)?;
        }
        self.rows.shrink_to_fit();
        self.records.sort_by_key(|record| record.protein);
        Ok(())
    }

    fn write_section(&mut self, scratch: &Path) -> Result<(), PredictionsError> {
        self.records.sort_by_key(|record| record.protein);
        self.append(scratch)
            .map_err(|source| PredictionsError::Scratch {
                directory: scratch.display().to_string(),
                source,
            })
    }

    fn append(&mut self, scratch: &Path) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile_in(scratch)?),
        };
        let start = file.seek(SeekFrom::End(0))?;
        let mut out = io::BufWriter::with_capacity(BUFFER.end, file);
        let mut length = 0;
        for record in &self.records {
            out.write_all(&record.protein.to_le_bytes())?;
            out.write_all(&record.rows.to_le_bytes())?;
            for row in &self.rows[record.start..][..record.rows as usize] {
                let mut bytes = [0; ROW];
                bytes[..4].copy_from_slice(&row.term.0.to_le_bytes());
                bytes[4..].copy_from_slice(&row.score.to_le_bytes());
                out.write_all(&bytes)?;
            }
            length += (HEAD + record.rows as usize * ROW) as u64;
        }
        out.flush()?;
        drop(out);
        let first = self.records.first().map_or(0, |record| record.protein);
        match self.sections.last_mut() {
            Some(section) if section.end == start && self.last <= first => section.end += length,
            _ => self.sections.push(start..start + length),
        }
        self.last = self.records.last().map_or(self.last, |r| r.protein);
        self.rows.clear();
        self.records.clear();
        Ok(())
    }

    /// Number of sorted sections in the temporary file; 0 if everything is in memory.
    #[cfg(test)]
    pub fn sections(&self) -> usize {
        self.sections.len()
    }

    /// Reads the rows, protein by protein, in the order of the proteins' numbers.
    pub fn reader(&self) -> io::Result<SpoolReader<'_>> {
        let share = self.memory / 4 / self.sections.len().max(1);
        let buffer = share.clamp(BUFFER.start, BUFFER.end);
        let mut reader = SpoolReader {
            spool: self,
            record: 0,
            sections: Vec::with_capacity(self.sections.len()),
            next: BinaryHeap::new(),
        };
        for (place, section) in self.sections.iter().enumerate() {
            let mut section = Section {
                rest: section.clone(),
                buffer: Vec::new(),
                at: 0,
                size: buffer,
            };
            if let Some(protein) = section.protein(self)? {
                reader.next.push(Reverse((protein, place)));
            }
            reader.sections.push(section);
        }
        Ok(reader)
    }
}

/// A sorted section that is being read.
struct Section {
    rest: Range<u64>,
    buffer: Vec<u8>,
    at: usize,
    size: usize,
}

impl Section {
    /// Makes `bytes` bytes available in the buffer. Returns whether the section has as many.
    fn fill(&mut self, spool: &Spool, bytes: usize) -> io::Result<bool> {
        if self.buffer.len() - self.at >= bytes {
            return Ok(true);
        }
        let Some(mut file) = spool.file.as_ref() else {
            return Ok(false);
        };
        self.buffer.drain(..self.at);
        self.at = 0;
        let wanted = bytes.max(self.size) - self.buffer.len();
        let left = self.rest.end - self.rest.start;
        file.seek(SeekFrom::Start(self.rest.start))?;
        let read = file
            .take(left.min(wanted as u64))
            .read_to_end(&mut self.buffer)?;
        self.rest.start += read as u64;
        Ok(self.buffer.len() >= bytes)
    }

    fn number(&self, at: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.buffer[self.at + at..][..4]);
        u32::from_le_bytes(bytes)
    }

    /// The protein of the next record; `None` at the end.
    fn protein(&mut self, spool: &Spool) -> io::Result<Option<u32>> {
        Ok(self.fill(spool, HEAD)?.then(|| self.number(0)))
    }

    /// Appends the rows of the next record.
    fn take_rows(&mut self, spool: &Spool, rows: &mut Vec<Scored>) -> io::Result<()> {
        if !self.fill(spool, HEAD)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = self.number(4) as usize;
        self.at += HEAD;
        for _ in 0..count {
            if !self.fill(spool, ROW)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut score = [0; 8];
            score.copy_from_slice(&self.buffer[self.at + 4..][..8]);
            rows.push(Scored {
                term: TermKey(self.number(0)),
                score: f64::from_le_bytes(score),
            });
            self.at += ROW;
        }
        Ok(())
    }
}

/// Reads a spool.
pub(crate) struct SpoolReader<'s> {
    spool: &'s Spool,
    /// The next record in memory.
    record: usize,
    sections: Vec<Section>,
    /// The next protein of each section.
    next: BinaryHeap<Reverse<(u32, usize)>>,
}

impl SpoolReader<'_> {
    /// The protein that [`next`](Self::next) returns; `None` at the end.
    pub fn peek(&self) -> Option<u32> {
        if self.spool.file.is_none() {
            return Some(self.spool.records.get(self.record)?.protein);
        }
        self.next.peek().map(|Reverse((protein, _))| *protein)
    }

    /// Reads the rows of the next protein, each term once with its highest score, sorted by term.
    /// Returns the number of repeated rows.
    pub fn next(&mut self, rows: &mut Vec<Scored>) -> io::Result<u64> {
        rows.clear();
        let Some(protein) = self.peek() else {
            return Ok(0);
        };
        let (mut repeated, mut compact_at) = (0, MANY_ROWS);
        while self.peek() == Some(protein) {
            self.take_record(rows)?;
            if rows.len() > compact_at {
                repeated += keep_highest(rows);
                compact_at = MANY_ROWS.max(2 * rows.len());
            }
        }
        Ok(repeated + keep_highest(rows))
    }

    fn take_record(&mut self, rows: &mut Vec<Scored>) -> io::Result<()> {
        if self.spool.file.is_none() {
            let record = self.spool.records[self.record];
            rows.extend_from_slice(&self.spool.rows[record.start..][..record.rows as usize]);
            self.record += 1;
            return Ok(());
        }
        if let Some(Reverse((_, place))) = self.next.pop() {
            let section = &mut self.sections[place];
            section.take_rows(self.spool, rows)?;
            if let Some(protein) = section.protein(self.spool)? {
                self.next.push(Reverse((protein, place)));
            }
        }
        Ok(())
    }
}

/// Sorts rows by term and keeps the highest score of each. Returns how many were removed.
pub(crate) fn keep_highest(rows: &mut Vec<Scored>) -> u64 {
    let before = rows.len();
    rows.sort_unstable_by(|a, b| a.term.cmp(&b.term).then(b.score.total_cmp(&a.score)));
    rows.dedup_by_key(|row| row.term);
    (before - rows.len()) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What a spool gives back.
    fn read_back(spool: &Spool) -> Vec<(u32, Vec<Scored>)> {
        let mut reader = spool.reader().expect("the temporary file is readable");
        let (mut all, mut rows) = (Vec::new(), Vec::new());
        while let Some(protein) = reader.peek() {
            reader
                .next(&mut rows)
                .expect("the temporary file is readable");
            all.push((protein, rows.clone()));
        }
        all
    }

    proptest! {
        #[test]
        fn a_small_memory_gives_what_a_large_one_gives(
            runs in proptest::collection::vec((0_u32..9, proptest::collection::vec((0_u32..30, 1_u32..100), 1..12)), 0..60),
            memory in 1_usize..2000,
        ) {
            let scratch = std::env::temp_dir();
            let (mut small, mut large) = (Spool::new(memory), Spool::new(1 << 20));
            let mut wanted: BTreeMap<u32, BTreeMap<u32, f64>> = BTreeMap::new();
            for (protein, run) in &runs {
                let rows: Vec<Scored> = run
                    .iter()
                    .map(|&(term, score)| Scored { term: TermKey(term), score: f64::from(score) / 100.0 })
                    .collect();
                for row in &rows {
                    let best = wanted.entry(*protein).or_default().entry(row.term.0).or_default();
                    *best = best.max(row.score);
                }
                small.push(*protein, &rows, &scratch).expect("a temporary file");
                large.push(*protein, &rows, &scratch).expect("a temporary file");
            }
            small.finish(&scratch).expect("a temporary file");
            large.finish(&scratch).expect("a temporary file");
            let wanted: Vec<(u32, Vec<Scored>)> = wanted
                .into_iter()
                .map(|(protein, terms)| {
                    let rows = terms.into_iter().map(|(term, score)| Scored { term: TermKey(term), score });
                    (protein, rows.collect())
                })
                .collect();
            prop_assert_eq!(read_back(&large), wanted.clone());
            prop_assert_eq!(read_back(&small), wanted);
        }
    }

    #[test]
    fn proteins_in_order_make_one_section() {
        let scratch = std::env::temp_dir();
        let mut spool = Spool::new(1000);
        let row = Scored {
            term: TermKey(1),
            score: 0.5,
        };
        for protein in 0..1000 {
            spool
                .push(protein, &[row, row], &scratch)
                .expect("a temporary file");
        }
        spool.finish(&scratch).expect("a temporary file");
        assert_eq!(spool.sections(), 1);
        let mut spool = Spool::new(1000);
        for protein in (0..1000).rev() {
            spool
                .push(protein, &[row], &scratch)
                .expect("a temporary file");
        }
        spool.finish(&scratch).expect("a temporary file");
        assert!(spool.sections() > 10);
    }
}
