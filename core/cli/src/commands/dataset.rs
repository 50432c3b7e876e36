//! `protea dataset show | verify`.

use std::path::PathBuf;

use protea_cafa::{
    dataset::{FrozenDataset, Manifest},
    ontology::Ontology,
};
use protea_core::store;
use serde_json::json;

use crate::{
    failure::Failure,
    output::{Lines, Report, Reporter, Table, bytes, count, shown},
};

/// Shows the manifest. Only sizes are checked.
pub fn show(location: &str) -> Result<Report, Failure> {
    let dataset = FrozenDataset::open(&place(location)?)?;
    let manifest = dataset.manifest();
    let mut files = Table::new(1..2, ["file", "size", "SHA-256"]);
    for file in &manifest.files {
        files.row([file.path.clone(), bytes(file.bytes), file.sha256.clone()]);
    }
    let mut lines = Lines::default();
    lines.add("dataset", shown(dataset.directory()));
    describe(&mut lines, manifest, dataset.sha256());
    Ok(Report {
        text: format!("{lines}\n{files}"),
        json: json!({
            "directory": dataset.directory(),
            "sha256": dataset.sha256(),
            "manifest": manifest,
        }),
    })
}

/// Computes every hash, and reads what the hashes say nothing about.
pub fn verify(location: &str, reporter: &Reporter) -> Result<Report, Failure> {
    let dataset = FrozenDataset::open(&place(location)?)?;
    reporter.start(&format!("checking {location}"));
    let checked = check(&dataset);
    reporter.abandon();
    checked?;
    let files = dataset.manifest().files.len();
    let total: u64 = dataset.manifest().files.iter().map(|file| file.bytes).sum();
    Ok(Report {
        text: format!(
            "{}: whole and unchanged ({files} files, {}, identity {})\n",
            shown(dataset.directory()),
            bytes(total),
            dataset.sha256()
        ),
        json: json!({
            "directory": dataset.directory(),
            "sha256": dataset.sha256(),
            "verified": true,
            "files": files,
            "bytes": total,
        }),
    })
}

fn check(dataset: &FrozenDataset) -> Result<(), Failure> {
    dataset.verify()?;
    if dataset.embedding_width().is_some() {
        dataset.check_finite()?;
    }
    Ontology::read(dataset.ontology_path())?;
    dataset.annotations()?;
    Ok(())
}

fn place(location: &str) -> Result<PathBuf, Failure> {
    Ok(store::local_path(&store::locate(location)?)?)
}

/// The lines that say what a dataset is.
pub fn describe(lines: &mut Lines, manifest: &Manifest, sha256: &str) {
    let counts = &manifest.counts;
    let embedding = manifest.embedding.as_ref();
    lines
        .add("identity", sha256)
        .add(
            "name",
            format!("{}, version {}", manifest.name, manifest.version),
        )
        .add("licence", &manifest.licence)
        .add(
            "frozen",
            format!("{} by {}", manifest.created, manifest.created_by),
        )
        .add(
            "proteins",
            format!(
                "{}, {} of them annotated, {}",
                count(counts.proteins),
                count(counts.annotated_proteins),
                match counts.taxa {
                    0 => "their taxa unknown".to_owned(),
                    taxa => format!("of {} taxa", count(taxa)),
                }
            ),
        )
        .add(
            "annotations",
            format!(
                "{} with {} terms",
                count(counts.annotations),
                count(counts.terms)
            ),
        )
        .add(
            "embeddings",
            embedding.map_or_else(
                || "none".to_owned(),
                |e| {
                    let source = e.source.as_deref().unwrap_or("of unstated source");
                    format!("{} × {}, {source}", e.width, e.dtype.name())
                },
            ),
        );
}
