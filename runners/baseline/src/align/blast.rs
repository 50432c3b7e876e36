//! NCBI BLAST+ (C. Camacho et al., BMC Bioinformatics 10 (2009) 421).
//!
//! It takes a name of a database, or of its input, with a space in it for two: so it runs where they
//! lie, and they are named without their directory.

use std::{ffi::OsString, path::Path};

use protea_contracts::Emitter;

use super::{
    aligner::{DATABASE, Search, last_word_of_first_line},
    program::{Program, ProgramError},
};
use crate::spec::Sensitivity;

pub(super) const INSTALL: &str = "apt-get install ncbi-blast+";

pub(super) fn version(
    blastp: &Program,
    scratch: &Path,
    emit: &Emitter,
) -> Result<String, ProgramError> {
    let said = blastp.run("-version", &["-version"], scratch, scratch, emit)?;
    Ok(last_word_of_first_line(&said))
}

pub(super) fn make_database(
    makeblastdb: &Program,
    fasta: &Path,
    database: &Path,
    scratch: &Path,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    let arguments: [OsString; 10] = [
        "-in".into(),
        fasta.file_name().unwrap_or_default().into(),
        "-dbtype".into(),
        "prot".into(),
        "-out".into(),
        DATABASE.into(),
        "-title".into(),
        DATABASE.into(),
        // The later layout adds an index of accessions, which reserves a terabyte of addresses.
        "-blastdb_version".into(),
        "4".into(),
    ];
    makeblastdb.run("on the references", &arguments, database, scratch, emit)?;
    Ok(())
}

pub(super) fn search(
    blastp: &Program,
    search: &Search<'_>,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    let task = match search.sensitivity {
        Sensitivity::Fast => "blastp-fast",
        Sensitivity::Normal | Sensitivity::Sensitive | Sensitivity::VerySensitive => "blastp",
    };
    let arguments: [OsString; 18] = [
        "-task".into(),
        task.into(),
        "-query".into(),
        search.queries.into(),
        "-db".into(),
        DATABASE.into(),
        "-out".into(),
        search.hits.into(),
        "-outfmt".into(),
        "6 qseqid sseqid pident evalue bitscore".into(),
        "-evalue".into(),
        search.e_value.to_string().into(),
        "-max_target_seqs".into(),
        search.max_hits.to_string().into(),
        "-max_hsps".into(),
        "1".into(),
        "-num_threads".into(),
        search.threads.to_string().into(),
    ];
    blastp.run(
        "on the queries",
        &arguments,
        search.database,
        search.scratch,
        emit,
    )?;
    Ok(())
}
