//! MMseqs2 (M. Steinegger and J. Söding, Nature Biotechnology 35 (2017) 1026).
//!
//! `mmseqs search` is a shell script around the modules that are called here. Calling the modules
//! directly works in a sandbox without a shell, and a kill ends the process that computes.

use std::{ffi::OsString, path::Path};

use super::aligner::{Aligner, MakeDatabase, Search, Step, in_database};
use crate::spec::{Method, Sensitivity};

pub(super) struct Mmseqs;

impl Aligner for Mmseqs {
    fn method(&self) -> Method {
        Method::Mmseqs
    }

    /// Debian's `mmseqs` is a script that chooses among builds for different processors.
    fn programs(&self) -> Vec<Vec<&'static str>> {
        let mut names = vec!["mmseqs"];
        #[cfg(target_arch = "x86_64")]
        {
            let builds = [
                (is_x86_feature_detected!("avx2"), "mmseqs-avx2"),
                (is_x86_feature_detected!("sse4.1"), "mmseqs-sse4.1"),
                (is_x86_feature_detected!("ssse3"), "mmseqs-ssse3"),
                (is_x86_feature_detected!("sse3"), "mmseqs-sse3"),
            ];
            let supported = builds.into_iter().filter(|(is_supported, _)| *is_supported);
            names.extend(supported.map(|(_, name)| name));
        }
        vec![names]
    }

    fn install_command(&self) -> &'static str {
        "apt-get install mmseqs2"
    }

    fn version_argument(&self) -> &'static str {
        "version"
    }

    fn make_database(&self, task: &MakeDatabase<'_>) -> Vec<Step> {
        let database = in_database(task.database);
        vec![create(
            "the references",
            task.fasta,
            &database,
            task.scratch,
        )]
    }

    fn search(&self, task: &Search<'_>) -> Vec<Step> {
        let in_scratch = |name: &str| OsString::from(task.scratch.join(name));
        let queries = in_scratch("queries");
        let references = OsString::from(in_database(task.database));
        let (candidates, alignments) = (in_scratch("candidates"), in_scratch("alignments"));
        let sensitivity = match task.sensitivity {
            Sensitivity::Fast => "4",
            Sensitivity::Normal => "5.7",
            Sensitivity::Sensitive => "6.5",
            Sensitivity::VerySensitive => "7.5",
        };
        let what = "the queries";
        let threads = OsString::from(task.threads.to_string());
        let step = |module: &str, arguments: &[OsString]| {
            let common = ["--threads".into(), threads.clone(), "-v".into(), "1".into()];
            Step {
                program: 0,
                name: format!("{module} on {what}"),
                arguments: [&[OsString::from(module)], arguments, &common].concat(),
                directory: task.scratch.to_owned(),
            }
        };
        let make_queries = create(what, task.queries, queries.as_ref(), task.scratch);
        let prefilter = step(
            "prefilter",
            &[
                queries.clone(),
                references.clone(),
                candidates.clone(),
                "-s".into(),
                sensitivity.into(),
                "--max-seqs".into(),
                task.max_hits.to_string().into(),
            ],
        );
        let align = step(
            "align",
            &[
                queries.clone(),
                references.clone(),
                candidates,
                alignments.clone(),
                "-e".into(),
                task.e_value.to_string().into(),
                // Computes start, end and identity of each alignment; otherwise MMseqs2 estimates
                // the identity.
                "--alignment-mode".into(),
                "3".into(),
            ],
        );
        let convert = step(
            "convertalis",
            &[
                queries,
                references,
                alignments,
                task.hits.into(),
                "--format-output".into(),
                "query,target,pident,evalue,bits".into(),
            ],
        );
        vec![make_queries, prefilter, align, convert]
    }
}

fn create(what: &str, fasta: &Path, database: &Path, scratch: &Path) -> Step {
    Step {
        program: 0,
        name: format!("createdb on {what}"),
        arguments: vec![
            "createdb".into(),
            fasta.into(),
            database.into(),
            "--dbtype".into(),
            "1".into(),
            "--shuffle".into(),
            "0".into(),
            "-v".into(),
            "1".into(),
        ],
        directory: scratch.to_owned(),
    }
}
