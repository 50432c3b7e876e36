//! `protea dataset ia`: information accretion computed from annotations.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use protea_cafa::{
    accretion::compute_accretion,
    dataset::{
        AccretionTable, Corpus, CorpusRequest, Evidence, FreezeProgress, PROVENANCE_SUFFIX, Tally,
    },
    formats::OnDefect,
    ontology::Ontology,
};
use protea_core::contracts::content::{digest_bytes, digest_file};
use serde_json::{Map, Value, json};

use super::{
    dataset::open,
    evidence,
    freeze::examples,
    output_file::{Existing, check_distinct, check_output, local_input, replace},
};
use crate::{
    args::IaArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, count, display_path},
};

/// The computed table and what it was computed from.
struct Computed {
    table: AccretionTable,
    /// The inputs, for the record.
    inputs: Value,
    /// What was left out, for `--json`.
    skipped: Value,
    /// The same for people.
    lines: Lines,
}

/// Computes the table and writes it and its record.
pub fn ia(args: &IaArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let record_path = beside(&args.output);
    for path in [&args.output, &record_path] {
        check_output(path, Existing::from_force(args.force))?;
    }
    let dataset = args.dataset.as_deref().and_then(local_input);
    let files = [&args.annotations, &args.ontology].into_iter().flatten();
    let inputs: Vec<PathBuf> = files.cloned().chain(dataset).collect();
    check_distinct(&[args.output.clone(), record_path.clone()], &inputs)?;
    let evidence = evidence::or_any(&args.evidence)?;
    interrupt::cooperate(reporter);
    let computed = match (&args.dataset, &args.annotations, &args.ontology) {
        (Some(location), _, _) => of_dataset(location, &evidence, reporter),
        (None, Some(annotations), Some(ontology)) => {
            of_annotations(args, annotations, ontology, &evidence, reporter)
        }
        _ => unreachable!("the command line requires a dataset, or annotations and an ontology"),
    };
    reporter.abandon();
    let Computed {
        table,
        inputs,
        skipped,
        lines: skipped_lines,
    } = computed?;

    let record = record(&table, inputs);
    replace(&args.output, |out| out.write_all(table.text.as_bytes()))?;
    let text = format!("{:#}\n", Value::Object(record.clone()));
    replace(&record_path, |out| out.write_all(text.as_bytes()))?;

    let info = &table.info;
    let terms = table.text.lines().count() as u64;
    let mut lines = Lines::default();
    lines
        .add("written", display_path(&args.output))
        .add("provenance", display_path(&record_path))
        .add("terms", count(terms))
        .add(
            "computed from",
            format!(
                "{} annotations of {} proteins, evidence {}",
                count(info.annotations),
                count(info.proteins),
                info.evidence.join(",")
            ),
        )
        .add(
            "ontology",
            info.ontology_version
                .as_deref()
                .unwrap_or("version not stated"),
        );
    Ok(Report {
        text: format!("{lines}{skipped_lines}"),
        json: json!({
            "output": args.output.to_string_lossy(),
            "provenance": record,
            "terms": terms,
            "skipped": skipped,
        }),
    })
}

/// The path of the record of a table.
fn beside(table: &Path) -> PathBuf {
    let mut path = OsString::from(table);
    path.push(PROVENANCE_SUFFIX);
    path.into()
}

fn record(table: &AccretionTable, inputs: Value) -> Map<String, Value> {
    let mut record = match json!(table.info) {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    record.insert(
        "sha256".to_owned(),
        json!(digest_bytes(table.text.as_bytes())),
    );
    record.insert("inputs".to_owned(), inputs);
    record
}

fn of_dataset(
    location: &str,
    evidence: &Evidence,
    reporter: &Reporter,
) -> Result<Computed, Failure> {
    let opened = open(location, reporter)?;
    let dataset = &opened.dataset;
    let name = &dataset.manifest().name;
    let ontology = Ontology::read(dataset.ontology_path())?;
    let (mut pairs, mut other) = (Vec::new(), 0_u64);
    for row in dataset.annotations()? {
        if evidence.counts(row.evidence) {
            pairs.push((dataset.accession(row.protein), row.term));
        } else {
            other += 1;
        }
    }
    if pairs.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            if other == 0 {
                format!(
                    "the dataset {name} has no annotations, so information accretion cannot be computed from it"
                )
            } else {
                format!(
                    "none of the {other} annotations of the dataset {name} has one of the evidence codes that count ({})",
                    evidence.names().join(", ")
                )
            },
        ));
    }
    reporter.start("computing information accretion");
    let mut lines = Lines::default();
    if other > 0 {
        lines.add("skipped", other_evidence(other));
    }
    Ok(Computed {
        table: compute(&ontology, &pairs, evidence)?,
        inputs: json!({ "dataset": { "name": name, "sha256": dataset.sha256() } }),
        skipped: json!({ "other_evidence": other }),
        lines,
    })
}

fn of_annotations(
    args: &IaArgs,
    annotations: &Path,
    ontology: &Path,
    evidence: &Evidence,
    reporter: &Reporter,
) -> Result<Computed, Failure> {
    let mut request = CorpusRequest::new(annotations, ontology);
    request.evidence = evidence.clone();
    if args.lenient {
        request.on_defect = OnDefect::Skip;
    }
    let inputs = json!({
        "annotations": input(annotations)?,
        "ontology": input(ontology)?,
    });
    let mut ontology = Ontology::read(ontology)?;
    if args.map_obsolete {
        ontology = ontology.with_obsolete_mapped();
    }
    reporter.start("reading annotations");
    let mut watch = |progress: FreezeProgress| {
        reporter.progress(progress.done, progress.total.unwrap_or(0));
        interrupt::continue_unless_requested()
    };
    let corpus = Corpus::read(&request, &ontology, &mut watch)?;
    reporter.start("computing information accretion");
    Ok(Computed {
        table: compute(&ontology, &corpus.pairs(), evidence)?,
        inputs,
        skipped: json!(corpus),
        lines: skipped(&corpus),
    })
}

/// Name and hash of an input file.
fn input(path: &Path) -> Result<Value, Failure> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let (sha256, _) = digest_file(path).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("{}: cannot be read: {error}", display_path(path)),
        )
    })?;
    Ok(json!({ "file": name.to_string_lossy(), "sha256": sha256 }))
}

fn compute(
    ontology: &Ontology,
    pairs: &[(&str, &str)],
    evidence: &Evidence,
) -> Result<AccretionTable, Failure> {
    compute_accretion(ontology, pairs, evidence)
        .map_err(|error| Failure::new(Exit::Input, error.to_string()))
}

fn other_evidence(number: u64) -> String {
    format!("{} annotations with other evidence codes", count(number))
}

fn skipped(corpus: &Corpus) -> Lines {
    let mut lines = Lines::default();
    let mut label = "skipped";
    let mut add = |text: String| {
        lines.add(label, text);
        label = "";
    };
    if corpus.other_evidence > 0 {
        add(other_evidence(corpus.other_evidence));
    }
    for (number, what) in [
        (corpus.negated, "annotations with the qualifier NOT"),
        (corpus.no_data, "annotations with the evidence ND (no data)"),
    ] {
        if number > 0 {
            add(format!("{} {what}", count(number)));
        }
    }
    let tally =
        |tally: &Tally, what: &str| format!("{} {what} ({})", count(tally.count), examples(tally));
    for (number, what) in [
        (
            &corpus.unknown_terms,
            "annotations with terms that are obsolete or not in the ontology",
        ),
        (
            &corpus.contradicted,
            "annotations that contradict an annotation with NOT",
        ),
        (&corpus.damaged_rows, "damaged rows"),
    ] {
        if number.count > 0 {
            add(tally(number, what));
        }
    }
    for (label, number, what) in [
        (
            "obsolete",
            &corpus.obsolete_terms,
            "of the skipped annotations have obsolete terms",
        ),
        (
            "replaced",
            &corpus.mapped_terms,
            "annotations with obsolete terms",
        ),
        (
            "read as",
            &corpus.respelled_terms,
            "annotations with a term that is not written like GO:0008150",
        ),
    ] {
        if number.count > 0 {
            lines.add(label, tally(number, what));
        }
    }
    lines
}
