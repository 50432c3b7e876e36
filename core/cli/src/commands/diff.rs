//! `protea dataset diff`.

use std::ops::ControlFlow;

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
    output::{Lines, Report, Reporter, Table, count, shown},
};

/// Of a long list the text has so many.
const SHOWN: usize = 5;

/// Compares two datasets. That they differ is an answer, with an exit code of its own.
pub fn diff(args: &DiffArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate(reporter);
    let (from, to) = (open(&args.from, reporter)?, open(&args.to, reporter)?);
    let (from, to) = (&from.dataset, &to.dataset);
    reporter.start("comparing");
    let found = dataset::diff(from, to, &mut |done, total| {
        reporter.progress(done as u64, total as u64);
        match interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    reporter.abandon();
    let found = found?;
    let report = Report {
        text: text(from, to, &found),
        json: json!(found),
    };
    match found.same {
        true => Ok(report),
        false => Err(Failure::verdict(Exit::Failed, report)),
    }
}

fn text(from: &FrozenDataset, to: &FrozenDataset, found: &DatasetDiff) -> String {
    let mut lines = Lines::default();
    let side = |dataset: &FrozenDataset| {
        let manifest = dataset.manifest();
        format!(
            "{}  ({}, version {}, identity {})",
            shown(dataset.directory()),
            manifest.name,
            manifest.version,
            dataset.sha256()
        )
    };
    lines.add("from", side(from)).add("to", side(to));
    if found.same {
        return format!("{lines}\nnothing differs\n");
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
    for (what, number) in pairs.into_iter().filter(|(_, number)| *number > 0) {
        lines.add(label, format!("of {} terms {what}", count(number as u64)));
        label = "";
    }
    format!("{lines}{}", annotations(&found.annotations))
}

fn proteins(lines: &mut Lines, found: &ProteinDiff) {
    let mut label = "proteins";
    let mut say = |what: String| {
        lines.add(label, what);
        label = "";
    };
    let changed = |holds: &dyn Fn(&dataset::ProteinChange) -> bool| -> Vec<&str> {
        let changed = found.changed.iter().filter(|change| holds(change));
        changed.map(|change| change.accession.as_str()).collect()
    };
    for (what, list) in [
        ("added", borrowed(&found.added)),
        ("removed", borrowed(&found.removed)),
        ("with another sequence", changed(&|c| c.sequence)),
        ("of another taxon", changed(&|c| c.taxon.is_some())),
        ("with another embedding", changed(&|c| c.embedding)),
    ] {
        if !list.is_empty() {
            say(some(&list, what));
        }
    }
    if found.embeddings == EmbeddingDiff::OtherKind {
        say("embeddings of another kind, which cannot be compared".to_owned());
    }
    if found.reordered {
        say("in another order".to_owned());
    }
}

fn ontology(lines: &mut Lines, found: &OntologyDiff) {
    if !found.changed {
        return;
    }
    let mut label = "ontology";
    let mut say = |what: String| {
        lines.add(label, what);
        label = "";
    };
    let [from, to] = &found.versions;
    if from != to {
        let version = |version: &Option<String>| version.clone().unwrap_or("unstated".to_owned());
        say(format!("version: {} → {}", version(from), version(to)));
    }
    let ids = |list: &[String]| list.to_vec();
    let mut nothing = from == to;
    for (what, list) in [
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
        ("in another namespace", ids(&found.other_namespace)),
        (
            "with other parents",
            found.relations.iter().map(|r| r.term.clone()).collect(),
        ),
    ] {
        if !list.is_empty() {
            nothing = false;
            say(format!("terms: {}", some(&borrowed(&list), what)));
        }
    }
    if nothing {
        say("the same terms, names and parents; something else differs".to_owned());
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

/// A number and the first few.
fn some(list: &[&str], what: &str) -> String {
    let more = if list.len() > SHOWN { ", …" } else { "" };
    let first = list[..list.len().min(SHOWN)].join(", ");
    format!("{} {what} ({first}{more})", count(list.len() as u64))
}
