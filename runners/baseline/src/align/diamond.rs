//! DIAMOND (B. Buchfink et al., Nature Methods 18 (2021) 366).

use super::aligner::{Aligner, MakeDatabase, Search, Step, in_database};
use crate::spec::{Method, Sensitivity};

pub(super) struct Diamond;

impl Aligner for Diamond {
    fn method(&self) -> Method {
        Method::Diamond
    }

    fn programs(&self) -> Vec<Vec<&'static str>> {
        vec![vec!["diamond"]]
    }

    fn install_command(&self) -> &'static str {
        "apt-get install diamond-aligner"
    }

    fn version_argument(&self) -> &'static str {
        "version"
    }

    fn make_database(&self, task: &MakeDatabase<'_>) -> Vec<Step> {
        let arguments = vec![
            "makedb".into(),
            "--in".into(),
            task.fasta.into(),
            "--db".into(),
            in_database(task.database).into(),
            "--threads".into(),
            task.threads.to_string().into(),
            "--quiet".into(),
        ];
        vec![Step {
            program: 0,
            name: "makedb on the references".to_owned(),
            arguments,
            directory: task.scratch.to_owned(),
        }]
    }

    fn search(&self, task: &Search<'_>) -> Vec<Step> {
        let mut arguments = vec![
            "blastp".into(),
            "--query".into(),
            task.queries.into(),
            "--db".into(),
            in_database(task.database).into(),
            "--out".into(),
            task.hits.into(),
            "--outfmt".into(),
            "6".into(),
            "qseqid".into(),
            "sseqid".into(),
            "pident".into(),
            "evalue".into(),
            "bitscore".into(),
            "--evalue".into(),
            task.e_value.to_string().into(),
            "--max-target-seqs".into(),
            task.max_hits.to_string().into(),
            "--max-hsps".into(),
            "1".into(),
            "--threads".into(),
            task.threads.to_string().into(),
            "--tmpdir".into(),
            task.scratch.into(),
            "--quiet".into(),
        ];
        arguments.extend(match task.sensitivity {
            Sensitivity::Fast => Some("--fast".into()),
            Sensitivity::Normal => None,
            Sensitivity::Sensitive => Some("--sensitive".into()),
            Sensitivity::VerySensitive => Some("--very-sensitive".into()),
        });
        vec![Step {
            program: 0,
            name: "blastp on the queries".to_owned(),
            arguments,
            directory: task.scratch.to_owned(),
        }]
    }
}
