//! The checks of `protea lafa` before any work begins.

use std::{collections::HashSet, path::Path};

use protea_cafa::{
    formats::{AnnotationReader, FastaReader},
    ontology::Ontology,
};

use crate::{
    args::LafaArgs,
    commands::output_file::{check_distinct, check_writable},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, count, display_path},
};

/// How many examples a message names.
const EXAMPLES: usize = 3;

/// What the checks read.
pub(super) struct Inputs {
    /// The ids of the queries.
    pub(super) queries: HashSet<String>,
    /// The ontology.
    pub(super) ontology: Ontology,
}

impl Inputs {
    /// Reads the queries and the ontology, and the beginnings of the training data, which freezing
    /// checks in full. Checks that the output can be written and the programs are installed.
    pub(super) fn check(args: &LafaArgs, reporter: &Reporter) -> Result<Self, Failure> {
        for program in args.method.programs() {
            check_installed(program)?;
        }
        check_output(args)?;
        reporter.start("checking inputs");
        let checked = Self::read(args);
        reporter.abandon();
        checked
    }

    fn read(args: &LafaArgs) -> Result<Self, Failure> {
        FastaReader::open(&args.train_sequences)?.next_record()?;
        AnnotationReader::open(&args.annot_file)?.next_row()?;
        let queries = queries(&args.query_file)?;
        let ontology = Ontology::read(&args.graph)?;
        Ok(Self { queries, ontology })
    }
}

/// The ids of all queries, each of which must be there once.
fn queries(path: &Path) -> Result<HashSet<String>, Failure> {
    let mut reader = FastaReader::open(path)?;
    let mut ids = HashSet::new();
    let (mut repeated, mut examples) = (0_u64, Vec::new());
    while let Some(record) = reader.next_record()? {
        if interrupt::requested() {
            return Err(Failure::cancelled());
        }
        let line = record.line;
        if let Some(id) = ids.replace(record.accession) {
            repeated += 1;
            if examples.len() < EXAMPLES {
                examples.push(format!("{id} in line {line}"));
            }
        }
    }
    if repeated > 0 {
        let more = if repeated > EXAMPLES as u64 {
            ", …"
        } else {
            ""
        };
        return Err(Failure::new(
            Exit::Input,
            format!(
                "{}: {} of the queries have an id that an earlier one has ({}{more}); give each protein once",
                display_path(path),
                count(repeated),
                examples.join(", ")
            ),
        ));
    }
    Ok(ids)
}

fn check_installed(program: &str) -> Result<(), Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|directory| directory.join(program).is_file()) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failed,
        format!(
            "the program {program} is not installed in a directory of PATH; install it, or choose another --method"
        ),
    ))
}

/// Fails if the output would replace an input or a directory, or its directory cannot be written.
fn check_output(args: &LafaArgs) -> Result<(), Failure> {
    let output = &args.output_file;
    let refuse = |problem: &str| {
        Err(Failure::new(
            Exit::Output,
            format!("{} {problem}", display_path(output)),
        ))
    };
    if output.is_dir() {
        return refuse("is a directory; name a file for the predictions");
    }
    check_distinct(
        std::slice::from_ref(output),
        &[
            args.query_file.clone(),
            args.train_sequences.clone(),
            args.annot_file.clone(),
            args.graph.clone(),
        ],
    )?;
    let directory = output
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if let Err(error) = std::fs::create_dir_all(directory) {
        return refuse(&format!("cannot be written: {error}"));
    }
    check_writable(output)
}
