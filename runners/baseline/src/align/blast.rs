//! NCBI BLAST+ (C. Camacho et al., BMC Bioinformatics 10 (2009) 421).
//!
//! BLAST+ splits the name of a database, and of its input, at spaces. The programs therefore run in
//! the directory of the files and get names without a directory.

use super::aligner::{Aligner, DATABASE, MakeDatabase, Search, Step};
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

    fn make_database(&self, task: &MakeDatabase<'_>) -> Vec<Step> {
        let arguments = vec![
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
        vec![Step {
            program: 0,
            name: "on the references".to_owned(),
            arguments,
            directory: task.database.to_owned(),
        }]
    }

    fn search(&self, task: &Search<'_>) -> Vec<Step> {
        let algorithm = match task.sensitivity {
            Sensitivity::Fast => "blastp-fast",
            Sensitivity::Normal | Sensitivity::Sensitive | Sensitivity::VerySensitive => "blastp",
        };
        let arguments = vec![
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
        vec![Step {
            program: 1,
            name: "on the queries".to_owned(),
            arguments,
            directory: task.database.to_owned(),
        }]
    }
}
