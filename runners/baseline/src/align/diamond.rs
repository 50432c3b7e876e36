//! DIAMOND (B. Buchfink et al., Nature Methods 18 (2021) 366).

use std::ffi::OsString;

use protea_contracts::Emitter;

use super::{
    aligner::{Aligner, MakeDatabase, Search, in_database},
    program::{Program, ProgramError},
};
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

    fn make_database(
        &self,
        programs: &[Program],
        task: &MakeDatabase<'_>,
        emit: &Emitter,
    ) -> Result<(), ProgramError> {
        let arguments: [OsString; 8] = [
            "makedb".into(),
            "--in".into(),
            task.fasta.into(),
            "--db".into(),
            in_database(task.database).into(),
            "--threads".into(),
            task.threads.to_string().into(),
            "--quiet".into(),
        ];
        programs[0].run(
            "makedb on the references",
            &arguments,
            task.scratch,
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
        let mut arguments: Vec<OsString> = vec![
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
        programs[0].run(
            "blastp on the queries",
            &arguments,
            task.scratch,
            task.scratch,
            emit,
        )?;
        Ok(())
    }
}
