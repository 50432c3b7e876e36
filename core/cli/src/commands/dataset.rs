//! `protea dataset show | verify`.

use protea_cafa::{
    dataset::{FrozenDataset, Manifest},
    ontology::Ontology,
};
use protea_core::{
    contracts::Sha256,
    store::{self, Lease},
};
use serde_json::{Value, json};

use super::run_setup::dataset as stage;
use crate::{
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, bytes, count, display_path},
    transfers::open_store,
};

/// Shows the manifest. Of the other files only the sizes are checked, and of a remote dataset not
/// even these.
pub fn show(location: &str, reporter: &Reporter) -> Result<Report, Failure> {
    let uri = store::locate(location)?;
    if uri.scheme() != "file" {
        interrupt::cooperate(reporter);
        let fetched = open_store(reporter).and_then(|store| store.manifest(&uri));
        reporter.abandon();
        let fetched = fetched?;
        let place = store::redacted(&uri);
        let manifest: Manifest = serde_json::from_slice(&fetched.bytes).map_err(|error| {
            let name = &fetched.name;
            Failure::new(
                Exit::Input,
                format!(
                    "{place} is not a frozen dataset: its {name} is not a dataset manifest: {error}"
                ),
            )
        })?;
        return Ok(manifest_report(
            place.clone(),
            json!(place),
            &manifest,
            fetched.sha256(),
        ));
    }
    let dataset = FrozenDataset::open(&store::local_path(&uri)?)?;
    Ok(manifest_report(
        display_path(dataset.directory()),
        json!(dataset.directory().to_string_lossy()),
        dataset.manifest(),
        dataset.sha256(),
    ))
}

fn manifest_report(place: String, directory: Value, manifest: &Manifest, sha256: Sha256) -> Report {
    let mut files = Table::new(1..2, ["file", "size", "SHA-256"]);
    for file in &manifest.files {
        files.row([
            file.path.clone(),
            bytes(file.bytes),
            file.sha256.to_string(),
        ]);
    }
    let mut lines = Lines::default();
    lines.add("dataset", place);
    describe(&mut lines, manifest, sha256);
    Report {
        text: format!("{lines}\n{files}"),
        json: json!({
            "directory": directory,
            "sha256": sha256,
            "manifest": manifest,
        }),
    }
}

/// Checks every hash, then the content that hashes cannot check: embeddings must be finite, and the
/// ontology and annotations must parse.
pub fn verify(location: &str, reporter: &Reporter) -> Result<Report, Failure> {
    let uri = store::locate(location)?;
    // The lease keeps a remote dataset in the cache until the end.
    let (path, place, _lease) = if uri.scheme() == "file" {
        let path = store::local_path(&uri)?;
        (path.clone(), display_path(&path), Lease::default())
    } else {
        interrupt::cooperate(reporter);
        let staged = stage(location, reporter)?;
        let path = store::local_path(&staged.uri)?;
        (path, store::redacted(&uri), staged.lease())
    };
    let dataset = FrozenDataset::open(&path)?;
    reporter.start(&format!("checking {place}"));
    let checked = check(&dataset);
    reporter.abandon();
    checked?;
    let files = dataset.manifest().files.len();
    let total: u64 = dataset.manifest().files.iter().map(|file| file.bytes).sum();
    Ok(Report {
        text: format!(
            "{}: complete and unchanged ({files} files, {}, identity {})\n",
            place,
            bytes(total),
            dataset.sha256()
        ),
        json: json!({
            "directory": dataset.directory().to_string_lossy(),
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

/// An open dataset. A remote one stays in the cache as long as this lives.
pub struct Opened {
    pub dataset: FrozenDataset,
    _lease: Lease,
}

/// Opens a dataset, fetched first if it is remote. Of a local one only the sizes are checked.
pub fn open(location: &str, reporter: &Reporter) -> Result<Opened, Failure> {
    let uri = store::locate(location)?;
    let (path, lease) = if uri.scheme() == "file" {
        (store::local_path(&uri)?, Lease::default())
    } else {
        let staged = stage(location, reporter)?;
        (store::local_path(&staged.uri)?, staged.lease())
    };
    Ok(Opened {
        dataset: FrozenDataset::open(&path)?,
        _lease: lease,
    })
}

/// Adds the lines that describe a dataset.
pub fn describe(lines: &mut Lines, manifest: &Manifest, sha256: Sha256) {
    let counts = &manifest.counts;
    let embedding = manifest.embedding.as_ref();
    lines
        .add("identity", sha256.to_string())
        .add(
            "name",
            format!("{}, version {}", manifest.name, manifest.version),
        )
        .add("licence", &manifest.licence);
    if let Some(parent) = &manifest.parent {
        lines.add("parent", parent.to_string());
    }
    lines
        .add(
            "frozen",
            format!("{} by {}", manifest.created, manifest.created_by),
        )
        .add(
            "proteins",
            format!(
                "{}, {} annotated, {}",
                count(counts.proteins),
                count(counts.annotated_proteins),
                match counts.taxa {
                    0 => "taxa unknown".to_owned(),
                    1 => "1 taxon".to_owned(),
                    taxa => format!("{} taxa", count(taxa)),
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
                    let source = e.source.as_deref().unwrap_or("source not stated");
                    format!("{} × {}, {source}", e.width, e.dtype.name())
                },
            ),
        );
    if let Some(accretion) = &manifest.information_accretion {
        lines.add(
            "accretion",
            format!(
                "of {} annotations of {} proteins, evidence {}, ontology {}, by protea {}",
                count(accretion.annotations),
                count(accretion.proteins),
                accretion.evidence.join(","),
                accretion
                    .ontology_version
                    .as_deref()
                    .unwrap_or("of unknown version"),
                accretion.protea_version
            ),
        );
    }
}
