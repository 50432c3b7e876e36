//! Reads tables in blocks of whole lines. One thread decompresses the next blocks while others
//! parse the current ones.

use std::{
    io::{self, BufRead, Read},
    path::Path,
};

use memchr::memrchr;
use protea_ontology::compressed::open_decompressed;
use rayon::prelude::*;

use crate::{error::ScoringError, lines::line_count};

const BLOCK: usize = 1 << 20;
const LONGEST_LINE: usize = 16 << 20;

/// A file as blocks of whole lines.
struct Blocks {
    reader: Box<dyn BufRead + Send>,
    /// The start of a line that ends in the next block.
    carry: Vec<u8>,
    done: bool,
}

enum Failure {
    Io(io::Error),
    LongLine,
}

impl Blocks {
    fn open(path: &Path) -> io::Result<Blocks> {
        Ok(Blocks {
            reader: open_decompressed(path)?,
            carry: Vec::new(),
            done: false,
        })
    }

    /// Reads the next block into `block`. `block` is empty at the end of the file.
    fn fill(&mut self, block: &mut Vec<u8>) -> Result<(), Failure> {
        block.clear();
        block.append(&mut self.carry);
        while !self.done {
            let want = BLOCK.max(block.len()) as u64;
            let got = self
                .reader
                .by_ref()
                .take(want)
                .read_to_end(block)
                .map_err(Failure::Io)?;
            if (got as u64) < want {
                self.done = true;
                break;
            }
            // Lines may end with `\r` only.
            if let Some(end) = memrchr(b'\n', block).or_else(|| memrchr(b'\r', block)) {
                self.carry.extend_from_slice(&block[end + 1..]);
                block.truncate(end + 1);
                break;
            }
            if block.len() > LONGEST_LINE {
                return Err(Failure::LongLine);
            }
        }
        Ok(())
    }

    fn fill_all(&mut self, blocks: &mut [Vec<u8>]) -> Result<(), Failure> {
        blocks.iter_mut().try_for_each(|block| self.fill(block))
    }
}

/// Reads a file and calls `parse` for every block, in parallel. Passes the results to `take` in the
/// order of the file, each with the number (from 1) of the first line of its block.
pub(super) fn parse_blocks<T: Send>(
    path: &Path,
    input: &'static str,
    parse: impl Fn(&[u8]) -> T + Sync,
    mut take: impl FnMut(u64, T) -> Result<(), ScoringError> + Send,
) -> Result<(), ScoringError> {
    let file = || path.display().to_string();
    if path.is_dir() {
        return Err(ScoringError::Directory {
            input,
            file: file(),
        });
    }
    let mut line = 1;
    let failed = |failure, line| match failure {
        Failure::Io(source) => ScoringError::Read {
            input,
            file: file(),
            source,
        },
        Failure::LongLine => ScoringError::LineTooLong {
            input,
            file: file(),
            line,
        },
    };
    let mut blocks = Blocks::open(path).map_err(|e| failed(Failure::Io(e), 0))?;
    let at_once = rayon::current_num_threads().clamp(1, 16);
    let mut current = vec![Vec::new(); at_once];
    let mut next = vec![Vec::new(); at_once];
    blocks
        .fill_all(&mut current)
        .map_err(|f| failed(f, line - 1))?;
    while !current[0].is_empty() {
        let (parsed, filled) = rayon::join(
            || {
                current
                    .par_iter()
                    .map(|block| (parse(block), line_count(block)))
                    .collect::<Vec<_>>()
            },
            || blocks.fill_all(&mut next),
        );
        for (parsed, lines) in parsed {
            take(line, parsed)?;
            line += lines;
        }
        filled.map_err(|f| failed(f, line - 1))?;
        std::mem::swap(&mut current, &mut next);
    }
    Ok(())
}
