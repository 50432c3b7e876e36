//! Opens files of predictions and lists.

use std::{collections::HashSet, io, path::Path};

use protea_cafa::{
    formats::{Content, FastaReader, FormatError, Lines, recognize_file},
    ontology::spelling,
    predictions::{Session, Source},
};

use crate::failure::{Failure, STANDARD_INPUT};

/// Opens a file; `-` is standard input.
pub(super) fn open(path: &Path, session: &Session<'_>) -> Result<Source, Failure> {
    let source = if path == Path::new("-") {
        Source::copy_of(io::stdin().lock(), STANDARD_INPUT, &session.scratch)
    } else {
        Source::open(path, &session.scratch)
    };
    source.map_err(Failure::from)
}

/// Reads a list of accessions, or the accessions of a FASTA file.
pub(super) fn accessions(path: &Path) -> Result<HashSet<String>, Failure> {
    let mut all = HashSet::new();
    if recognize_file(path)?.content == Content::Fasta {
        let mut reader = FastaReader::open(path)?;
        while let Some(record) = reader.next_record()? {
            all.insert(record.accession);
        }
    } else {
        each_word(path, |word| {
            all.insert(word.to_owned());
        })?;
    }
    not_empty(path, all, "accession")
}

/// Reads a list of terms, in any of the usual spellings.
pub(super) fn terms(path: &Path) -> Result<HashSet<String>, Failure> {
    let mut all = HashSet::new();
    each_word(path, |word| {
        let id = spelling::canonical(word).map_or_else(|| word.to_owned(), Into::into);
        all.insert(id);
    })?;
    not_empty(path, all, "term")
}

/// The first word of each line that is not blank and not a comment.
fn each_word(path: &Path, mut take: impl FnMut(&str)) -> Result<(), FormatError> {
    let mut lines = Lines::open(path)?;
    while lines.advance()? {
        let line = lines.text()?.trim_start();
        if let Some(word) = line.split_whitespace().next()
            && !line.starts_with(['#', '!'])
        {
            take(word);
        }
    }
    Ok(())
}

fn not_empty(
    path: &Path,
    all: HashSet<String>,
    expected: &'static str,
) -> Result<HashSet<String>, Failure> {
    if all.is_empty() {
        let path = path.to_owned();
        return Err(FormatError::Empty { path, expected }.into());
    }
    Ok(all)
}
