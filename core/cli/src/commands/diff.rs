//! `protea dataset diff`.

use protea_cafa::dataset::{
    self, AnnotationDiff, DatasetDiff, EmbeddingDiff, FrozenDataset, OntologyDiff, ProteinDiff,
};
use serde_json::{Value, json};

use super::dataset::open;
use crate::{
    args::DiffArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, count, display_path, plural},
};

/// How many examples of a list the text shows.
const MOST_EXAMPLES: usize = 5;

/// Compares two datasets. Exit code 1 means that they differ; it is not an error.
pub fn diff(args: &DiffArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate(reporter);
    let (from, to) = (open(&args.from, reporter)?, open(&args.to, reporter)?);
    let (from, to) = (&from.dataset, &to.dataset);
    reporter.start("comparing");
    let found = dataset::diff(from, to, &mut |done, total| {
        reporter.progress(done as u64, total as u64);
        interrupt::continue_unless_requested()
    });
    reporter.abandon();
    let found = found?;
    let report = Report {
        text: text(from, to, &found),
        json: json!(found),
    };
    if found.same {
        Ok(report)
    } else {
        Err(Failure::report_only(Exit::Failed, report))
    }
}

fn text(from: &FrozenDataset, to: &FrozenDataset, found: &DatasetDiff) -> String {
    let mut lines = Lines::default();
    let side = |dataset: &FrozenDataset| {
        let manifest = dataset.manifest();
        format!(
            "{}  ({}, version {}, identity {})",
            display_path(dataset.directory()),
            manifest.name,
            manifest.version,
            dataset.sha256()
        )
    };
    lines.add("from", side(from)).add("to", side(to));
    if found.same {
        return format!("{lines}\nno differences\n");
    }
    let mut label = "manifest";
    for change in &found.manifest {
        if change.field.starts_with("files.") {
            continue;
        }
        let value = |value: &Value| match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        lines.add(
            label,
            format!(
                "{}: {} → {}",
                change.field,
                value(&change.from),
                value(&change.to)
            ),
        );
        label = "";
    }
    proteins(&mut lines, &found.proteins);
    ontology(&mut lines, &found.ontology);
    let accretion = &found.information_accretion;
    let pairs = [
        ("added", accretion.added.len()),
        ("removed", accretion.removed.len()),
        ("changed", accretion.changed.len()),
    ];
    let mut label = "information accretion";
    for (change, number) in pairs.into_iter().filter(|(_, number)| *number > 0) {
        let terms = plural(number as u64, "term");
        lines.add(label, format!("{terms} {change}"));
        label = "";
    }
    format!("{lines}{}", annotations(&found.annotations))
}

fn proteins(lines: &mut Lines, found: &ProteinDiff) {
    let mut label = "proteins";
    let mut add = |change: String| {
        lines.add(label, change);
        label = "";
    };
    let changed_by = |condition: &dyn Fn(&dataset::ProteinChange) -> bool| -> Vec<&str> {
        let changed = found.changed.iter().filter(|change| condition(change));
        changed.map(|change| change.accession.as_str()).collect()
    };
    for (change, list) in [
        ("added", borrowed(&found.added)),
        ("removed", borrowed(&found.removed)),
        ("with a different sequence", changed_by(&|c| c.sequence)),
        ("of a different taxon", changed_by(&|c| c.taxon.is_some())),
        ("with a different embedding", changed_by(&|c| c.embedding)),
    ] {
        if !list.is_empty() {
            add(summary(&list, change));
        }
    }
    if found.embeddings == EmbeddingDiff::OtherKind {
        add("embeddings of a different kind, which cannot be compared".to_owned());
    }
    if found.reordered {
        add("in a different order".to_owned());
    }
}

fn ontology(lines: &mut Lines, found: &OntologyDiff) {
    if !found.changed {
        return;
    }
    let mut label = "ontology";
    let mut add = |change: String| {
        lines.add(label, change);
        label = "";
    };
    let [from, to] = &found.versions;
    if from != to {
        let version = |version: &Option<String>| version.clone().unwrap_or("not stated".to_owned());
        add(format!("version: {} → {}", version(from), version(to)));
    }
    let ids = |list: &[String]| list.to_vec();
    let mut only_content = from == to;
    for (change, list) in [
        ("added", ids(&found.added)),
        ("obsoleted", ids(&found.obsoleted)),
        (
            "merged into others",
            found.merged.iter().map(|m| m.term.clone()).collect(),
        ),
        ("removed", ids(&found.removed)),
        (
            "renamed",
            found.renamed.iter().map(|r| r.term.clone()).collect(),
        ),
        ("in a different namespace", ids(&found.other_namespace)),
        (
            "with different parents",
            found.relations.iter().map(|r| r.term.clone()).collect(),
        ),
    ] {
        if !list.is_empty() {
            only_content = false;
            add(format!("terms: {}", summary(&borrowed(&list), change)));
        }
    }
    if only_content {
        add("same terms, names and parents; other content differs".to_owned());
    }
}

fn annotations(found: &AnnotationDiff) -> String {
    if found.counts.is_empty() {
        return String::new();
    }
    let mut table = Table::new(2.., ["annotations", "evidence", "added", "removed"]);
    for row in &found.counts {
        table.row([
            row.aspect.unwrap_or("-").to_owned(),
            row.evidence.clone().unwrap_or_else(|| "-".to_owned()),
            count(row.added),
            count(row.removed),
        ]);
    }
    format!("\n{table}")
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// The number of entries, the change, and the first few entries.
fn summary(list: &[&str], change: &str) -> String {
    let more = if list.len() > MOST_EXAMPLES {
        ", …"
    } else {
        ""
    };
    let first = list[..list.len().min(MOST_EXAMPLES)].join(", ");
    format!("{} {change} ({first}{more})", count(list.len() as u64))
}
