//! Reads tables in blocks of whole lines. One thread decompresses the next blocks while others
//! parse the current ones.

use std::path::Path;

use protea_ontology::{
    Ontology, Reading, Term,
    foreign::ForeignContent,
    score_columns::{Header, ScoreColumns},
    text::{BlockError, TextCleaning, TextMarks, TextReader},
};
use rayon::prelude::*;

use crate::{error::ScoringError, lines::line_count};

/// A block of a table.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    /// Whole lines.
    pub text: &'a [u8],
    /// Whether the table begins with this block.
    pub is_first: bool,
    /// How to read its columns.
    pub reading: Reading,
    /// Which columns have predictions, by the header of the table.
    pub columns: ScoreColumns,
}

/// Reads a file and calls `parse` for every block, in parallel. Passes the results to `take` in the
/// order of the file, each with the number (from 1) of the first line of its block.
pub(super) fn parse_blocks<T: Send>(
    path: &Path,
    input: &'static str,
    reading: Reading,
    parse: impl Fn(Block<'_>) -> T + Sync,
    take: impl FnMut(u64, T) -> Result<(), ScoringError>,
) -> Result<TextMarks, ScoringError> {
    let name = path.display().to_string();
    parse_named_blocks(path, &name, input, reading, parse, take)
}

/// Reads a file as other functions of this crate read tables: calls `parse` for every block of whole
/// lines, in parallel, and passes the results to `take` in the order of the file, each with the
/// number (from 1) of the first line of its block. Errors use `name` for the file.
///
/// # Errors
///
/// [`ScoringError::Directory`], [`ScoringError::Read`], [`ScoringError::Foreign`] or
/// [`ScoringError::LineTooLong`] if the file cannot be read as text; any error of `take`.
pub fn parse_named_blocks<T: Send, E: From<ScoringError>>(
    path: &Path,
    name: &str,
    input: &'static str,
    reading: Reading,
    parse: impl Fn(Block<'_>) -> T + Sync,
    mut take: impl FnMut(u64, T) -> Result<(), E>,
) -> Result<TextMarks, E> {
    let file = || name.to_owned();
    if path.is_dir() {
        return Err(ScoringError::Directory {
            input,
            file: file(),
        }
        .into());
    }
    let mut line = 1;
    let failed = |failure, line| match failure {
        BlockError::Io(source) => match ForeignContent::of(&source) {
            Some(content) => ScoringError::Foreign {
                input,
                file: file(),
                content,
            },
            None => ScoringError::Read {
                input,
                file: file(),
                source,
            },
        },
        BlockError::LineTooLong => ScoringError::LineTooLong {
            input,
            file: file(),
            line,
        },
    };
    let cleaning = match reading {
        Reading::Specification => TextCleaning::Clean,
        Reading::Cafaeval => TextCleaning::Verbatim,
    };
    let mut blocks = TextReader::open(path, cleaning).map_err(|e| failed(BlockError::Io(e), 0))?;
    let fill = |blocks: &mut TextReader, all: &mut [Vec<u8>]| {
        all.iter_mut()
            .try_for_each(|block| blocks.read_block(block))
    };
    let at_once = rayon::current_num_threads().clamp(1, 16);
    let mut current = vec![Vec::new(); at_once];
    let mut next = vec![Vec::new(); at_once];
    fill(&mut blocks, &mut current).map_err(|f| failed(f, line - 1))?;
    let columns = Header::of_start(&current[0], reading).columns;
    while !current[0].is_empty() {
        let is_first_batch = line == 1;
        let (parsed, filled) = rayon::join(
            || {
                current
                    .par_iter()
                    .enumerate()
                    .map(|(at, text)| {
                        let block = Block {
                            text,
                            is_first: is_first_batch && at == 0,
                            reading,
                            columns,
                        };
                        (parse(block), line_count(text))
                    })
                    .collect::<Vec<_>>()
            },
            || fill(&mut blocks, &mut next),
        );
        for (parsed, lines) in parsed {
            take(line, parsed)?;
            line += lines;
        }
        filled.map_err(|f| failed(f, line - 1))?;
        std::mem::swap(&mut current, &mut next);
    }
    Ok(blocks.marks())
}

/// The usual spelling of a term that is unknown as it is written.
#[cold]
pub(super) fn respelled(ontology: &Ontology, term: &[u8]) -> Option<String> {
    ontology.respell(std::str::from_utf8(term).ok()?)
}

/// The terms of a line whose second column is unknown as it is written: a term in another form, or a
/// list such as `GO:0005488;GO:0003824` or `GO:0005488, GO:0003824`. `None` if any of them is
/// unknown.
#[cold]
pub(super) fn respelled_list<'o>(
    ontology: &'o Ontology,
    line: &[u8],
    term: &[u8],
) -> Option<Vec<&'o [Term]>> {
    if let Some(id) = respelled(ontology, term) {
        return Some(vec![ontology.resolve(&id)]);
    }
    if ontology.reading() == Reading::Cafaeval {
        return None;
    }
    let separates = |c: char| matches!(c, ';' | ',' | '|');
    let start = term.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    let text = std::str::from_utf8(line.get(start..)?).ok()?;
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        for part in word
            .trim_matches('"')
            .split(separates)
            .filter(|part| !part.is_empty())
        {
            let mut terms = ontology.resolve(part);
            if terms.is_empty() {
                terms = ontology.resolve(&ontology.respell(part)?);
            }
            found.push(terms);
        }
        if !word.ends_with(separates) {
            break;
        }
    }
    (found.len() > 1).then_some(found)
}
