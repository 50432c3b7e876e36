//! DIAMOND (B. Buchfink et al., Nature Methods 18 (2021) 366).

use std::{ffi::OsString, path::Path};

use protea_contracts::Emitter;

use super::{
    aligner::{Search, in_database, last_word_of_first_line},
    program::{Program, ProgramError},
};
use crate::spec::Sensitivity;

pub(super) const INSTALL: &str = "apt-get install diamond-aligner";

pub(super) fn version(
    diamond: &Program,
    scratch: &Path,
    emit: &Emitter,
) -> Result<String, ProgramError> {
    let said = diamond.run("version", &["version"], scratch, scratch, emit)?;
    Ok(last_word_of_first_line(&said))
}

pub(super) fn make_database(
    diamond: &Program,
    fasta: &Path,
    database: &Path,
    scratch: &Path,
    threads: usize,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    let arguments: [OsString; 8] = [
        "makedb".into(),
        "--in".into(),
        fasta.into(),
        "--db".into(),
        in_database(database).into(),
        "--threads".into(),
        threads.to_string().into(),
        "--quiet".into(),
    ];
    diamond.run(
        "makedb on the references",
        &arguments,
        scratch,
        scratch,
        emit,
    )?;
    Ok(())
}

pub(super) fn search(
    diamond: &Program,
    search: &Search<'_>,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    let mut arguments: Vec<OsString> = vec![
        "blastp".into(),
        "--query".into(),
        search.queries.into(),
        "--db".into(),
        in_database(search.database).into(),
        "--out".into(),
        search.hits.into(),
        "--outfmt".into(),
        "6".into(),
        "qseqid".into(),
        "sseqid".into(),
        "pident".into(),
        "evalue".into(),
        "bitscore".into(),
        "--evalue".into(),
        search.e_value.to_string().into(),
        "--max-target-seqs".into(),
        search.max_hits.to_string().into(),
        "--max-hsps".into(),
        "1".into(),
        "--threads".into(),
        search.threads.to_string().into(),
        "--tmpdir".into(),
        search.scratch.into(),
        "--quiet".into(),
    ];
    arguments.extend(match search.sensitivity {
        Sensitivity::Fast => Some("--fast".into()),
        Sensitivity::Normal => None,
        Sensitivity::Sensitive => Some("--sensitive".into()),
        Sensitivity::VerySensitive => Some("--very-sensitive".into()),
    });
    diamond.run(
        "blastp on the queries",
        &arguments,
        search.scratch,
        search.scratch,
        emit,
    )?;
    Ok(())
}
