//! MMseqs2 (M. Steinegger and J. Söding, Nature Biotechnology 35 (2017) 1026).
//!
//! Its `search` is a shell script around the modules that are called here: so a sandbox need not
//! allow a shell, and a kill reaches what works.

use std::{ffi::OsString, path::Path};

use protea_contracts::Emitter;

use super::{
    aligner::{Search, in_database, last_word_of_first_line},
    program::{Program, ProgramError},
};
use crate::spec::Sensitivity;

pub(super) const INSTALL: &str = "apt-get install mmseqs2";

/// Debian's `mmseqs` is a script that chooses among builds for different processors.
pub(super) fn names() -> Vec<&'static str> {
    let mut names = vec!["mmseqs"];
    #[cfg(target_arch = "x86_64")]
    {
        let builds = [
            (is_x86_feature_detected!("avx2"), "mmseqs-avx2"),
            (is_x86_feature_detected!("sse4.1"), "mmseqs-sse4.1"),
            (is_x86_feature_detected!("ssse3"), "mmseqs-ssse3"),
            (is_x86_feature_detected!("sse3"), "mmseqs-sse3"),
        ];
        names.extend(
            builds
                .into_iter()
                .filter(|(runs, _)| *runs)
                .map(|(_, name)| name),
        );
    }
    names
}

pub(super) fn version(
    mmseqs: &Program,
    scratch: &Path,
    emit: &Emitter,
) -> Result<String, ProgramError> {
    let said = mmseqs.run("version", &["version"], scratch, scratch, emit)?;
    Ok(last_word_of_first_line(&said))
}

pub(super) fn make_database(
    mmseqs: &Program,
    fasta: &Path,
    database: &Path,
    scratch: &Path,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    create(
        mmseqs,
        "the references",
        fasta,
        &in_database(database),
        scratch,
        emit,
    )
}

fn create(
    mmseqs: &Program,
    what: &str,
    fasta: &Path,
    database: &Path,
    scratch: &Path,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    let arguments: [OsString; 9] = [
        "createdb".into(),
        fasta.into(),
        database.into(),
        "--dbtype".into(),
        "1".into(),
        "--shuffle".into(),
        "0".into(),
        "-v".into(),
        "1".into(),
    ];
    mmseqs.run(
        &format!("createdb on {what}"),
        &arguments,
        scratch,
        scratch,
        emit,
    )?;
    Ok(())
}

pub(super) fn search(
    mmseqs: &Program,
    search: &Search<'_>,
    emit: &Emitter,
) -> Result<(), ProgramError> {
    let in_scratch = |name: &str| OsString::from(search.scratch.join(name));
    let queries = in_scratch("queries");
    let references = OsString::from(in_database(search.database));
    let (candidates, alignments) = (in_scratch("candidates"), in_scratch("alignments"));
    let threads = OsString::from(search.threads.to_string());
    let sensitivity = match search.sensitivity {
        Sensitivity::Fast => "4",
        Sensitivity::Normal => "5.7",
        Sensitivity::Sensitive => "6.5",
        Sensitivity::VerySensitive => "7.5",
    };
    create(
        mmseqs,
        "the queries",
        search.queries,
        queries.as_ref(),
        search.scratch,
        emit,
    )?;
    let run = |step: &str, arguments: &[OsString]| {
        let common = ["--threads".into(), threads.clone(), "-v".into(), "1".into()];
        let arguments = [&[OsString::from(step)], arguments, &common].concat();
        mmseqs.run(
            &format!("{step} on the queries"),
            &arguments,
            search.scratch,
            search.scratch,
            emit,
        )
    };
    run(
        "prefilter",
        &[
            queries.clone(),
            references.clone(),
            candidates.clone(),
            "-s".into(),
            sensitivity.into(),
            "--max-seqs".into(),
            search.max_hits.to_string().into(),
        ],
    )?;
    run(
        "align",
        &[
            queries.clone(),
            references.clone(),
            candidates,
            alignments.clone(),
            "-e".into(),
            search.e_value.to_string().into(),
            // With the start, end and identity of each alignment; otherwise the identity is a guess.
            "--alignment-mode".into(),
            "3".into(),
        ],
    )?;
    run(
        "convertalis",
        &[
            queries,
            references,
            alignments,
            search.hits.into(),
            "--format-output".into(),
            "query,target,pident,evalue,bits".into(),
        ],
    )?;
    Ok(())
}
