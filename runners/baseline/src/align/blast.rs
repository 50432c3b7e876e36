//! NCBI BLAST+ (C. Camacho et al., BMC Bioinformatics 10 (2009) 421).
//!
//! BLAST+ splits the name of a database, and of its input, at spaces. The programs therefore run in
//! the directory of the files and get names without a directory.

use std::ffi::OsString;

use protea_contracts::Emitter;

use super::{
    aligner::{Aligner, DATABASE, MakeDatabase, Search},
    program::{Program, ProgramError},
};
use crate::spec::{Method, Sensitivity};

pub(super) struct Blast;

impl Aligner for Blast {
    fn method(&self) -> Method {
        Method::Blast
    }

    fn programs(&self) -> Vec<Vec<&'static str>> {
        vec![vec!["makeblastdb"], vec!["blastp"]]
    }

    fn install_command(&self) -> &'static str {
        "apt-get install ncbi-blast+"
    }

    fn version_argument(&self) -> &'static str {
        "-version"
    }

    fn make_database(
        &self,
        programs: &[Program],
        task: &MakeDatabase<'_>,
        emit: &Emitter,
    ) -> Result<(), ProgramError> {
        let arguments: [OsString; 10] = [
            "-in".into(),
            task.fasta.file_name().unwrap_or_default().into(),
            "-dbtype".into(),
            "prot".into(),
            "-out".into(),
            DATABASE.into(),
            "-title".into(),
            DATABASE.into(),
            // Version 5 adds an index of accessions, which reserves a terabyte of address space.
            "-blastdb_version".into(),
            "4".into(),
        ];
        programs[0].run(
            "on the references",
            &arguments,
            task.database,
            task.scratch,
            emit,
        )?;
        Ok(())
    }

    fn search(
        &self,
        programs: &[Program],
        task: &Search<'_>,
        emit: &Emitter,
    ) -> Result<(), ProgramError> {
        let algorithm = match task.sensitivity {
            Sensitivity::Fast => "blastp-fast",
            Sensitivity::Normal | Sensitivity::Sensitive | Sensitivity::VerySensitive => "blastp",
        };
        let arguments: [OsString; 18] = [
            "-task".into(),
            algorithm.into(),
            "-query".into(),
            task.queries.into(),
            "-db".into(),
            DATABASE.into(),
            "-out".into(),
            task.hits.into(),
            "-outfmt".into(),
            "6 qseqid sseqid pident evalue bitscore".into(),
            "-evalue".into(),
            task.e_value.to_string().into(),
            "-max_target_seqs".into(),
            task.max_hits.to_string().into(),
            "-max_hsps".into(),
            "1".into(),
            "-num_threads".into(),
            task.threads.to_string().into(),
        ];
        programs[1].run(
            "on the queries",
            &arguments,
            task.database,
            task.scratch,
            emit,
        )?;
        Ok(())
    }
}
