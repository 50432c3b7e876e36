//! Which program a method needs, and how to get it.

use std::path::{Path, PathBuf};

use protea_contracts::{Emitter, ProgramDeclaration};

use super::{
    blast, diamond, mmseqs,
    program::{Program, ProgramError},
};
use crate::spec::{Method, Sensitivity};

/// What a search is asked for.
#[derive(Debug, Clone)]
pub struct Search<'s> {
    /// The database's directory.
    pub database: &'s Path,
    /// The queries, as FASTA.
    pub queries: &'s Path,
    /// The table to write: query, reference, identity in per cent, expectation value, bit score.
    pub hits: &'s Path,
    /// Temporary files.
    pub scratch: &'s Path,
    /// The largest expectation value.
    pub e_value: f64,
    /// References per query.
    pub max_hits: u32,
    /// How thoroughly.
    pub sensitivity: Sensitivity,
    /// Threads, at least 1.
    pub threads: usize,
}

/// A program that aligns sequences, found on this machine.
#[derive(Debug)]
pub struct Aligner {
    kind: Kind,
    version: String,
}

#[derive(Debug)]
enum Kind {
    Blast {
        makeblastdb: Program,
        blastp: Program,
    },
    Diamond(Program),
    Mmseqs(Program),
}

impl Aligner {
    /// Finds the programs of a method and asks for their version; `None` for a method that needs none.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Missing`] with the command that installs it; other [`ProgramError`]s.
    pub fn find(
        method: Method,
        scratch: &Path,
        emit: &Emitter,
    ) -> Result<Option<Self>, ProgramError> {
        let kind = match method {
            Method::Naive => return Ok(None),
            Method::Blast => Kind::Blast {
                makeblastdb: Program::find(&["makeblastdb"], blast::INSTALL)?,
                blastp: Program::find(&["blastp"], blast::INSTALL)?,
            },
            Method::Diamond => Kind::Diamond(Program::find(&["diamond"], diamond::INSTALL)?),
            Method::Mmseqs => Kind::Mmseqs(Program::find(&mmseqs::names(), mmseqs::INSTALL)?),
        };
        let version = match &kind {
            Kind::Blast { blastp, .. } => blast::version(blastp, scratch, emit)?,
            Kind::Diamond(diamond) => diamond::version(diamond, scratch, emit)?,
            Kind::Mmseqs(mmseqs) => mmseqs::version(mmseqs, scratch, emit)?,
        };
        Ok(Some(Self { kind, version }))
    }

    /// The program that searches.
    #[must_use]
    pub fn program(&self) -> &'static str {
        match self.kind {
            Kind::Blast { .. } => "blastp",
            Kind::Diamond(_) => "diamond",
            Kind::Mmseqs(_) => "mmseqs",
        }
    }

    /// Its version, as it says.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Makes a database of the sequences in `fasta`, which lies in its directory.
    ///
    /// # Errors
    ///
    /// [`ProgramError`].
    pub fn make_database(
        &self,
        fasta: &Path,
        database: &Path,
        scratch: &Path,
        threads: usize,
        emit: &Emitter,
    ) -> Result<(), ProgramError> {
        match &self.kind {
            Kind::Blast { makeblastdb, .. } => {
                blast::make_database(makeblastdb, fasta, database, scratch, emit)
            }
            Kind::Diamond(diamond) => {
                diamond::make_database(diamond, fasta, database, scratch, threads, emit)
            }
            Kind::Mmseqs(mmseqs) => mmseqs::make_database(mmseqs, fasta, database, scratch, emit),
        }
    }

    /// Searches the database for the queries and writes the table of hits.
    ///
    /// # Errors
    ///
    /// [`ProgramError`].
    pub fn search(&self, search: &Search<'_>, emit: &Emitter) -> Result<(), ProgramError> {
        match &self.kind {
            Kind::Blast { blastp, .. } => blast::search(blastp, search, emit),
            Kind::Diamond(diamond) => diamond::search(diamond, search, emit),
            Kind::Mmseqs(mmseqs) => mmseqs::search(mmseqs, search, emit),
        }
    }
}

/// The programs of all methods.
#[must_use]
pub fn declarations() -> Vec<ProgramDeclaration> {
    let declare = |names: &[&str], method: &str, install: &str| ProgramDeclaration {
        name: names[0].to_owned(),
        other_names: names[1..].iter().map(|&name| name.to_owned()).collect(),
        needed_for: format!("method: {method}"),
        remedy: install.to_owned(),
    };
    vec![
        declare(&["makeblastdb"], "blast", blast::INSTALL),
        declare(&["blastp"], "blast", blast::INSTALL),
        declare(&["diamond"], "diamond", diamond::INSTALL),
        declare(&mmseqs::names(), "mmseqs", mmseqs::INSTALL),
    ]
}

/// The name of a database in its directory.
pub(super) const DATABASE: &str = "references";

/// The path of a database, to which programs add their endings.
pub(super) fn in_database(directory: &Path) -> PathBuf {
    directory.join(DATABASE)
}

/// The last word of the first line that has one.
pub(super) fn last_word_of_first_line(said: &str) -> String {
    let line = said.lines().find(|line| !line.trim().is_empty());
    let word = line.and_then(|line| line.split_whitespace().last());
    word.unwrap_or("unknown").to_owned()
}
