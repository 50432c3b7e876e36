//! `protea dataset show | verify`.

use protea_cafa::{
    dataset::{FrozenDataset, Manifest},
    ontology::Ontology,
};
use protea_core::store::{self, Lease};
use serde_json::{Value, json};

use super::session::dataset as staged;
use crate::{
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, bytes, count, shown},
    transfers::store as store_of,
};

/// Shows the manifest. Only sizes are checked; of a dataset elsewhere, nothing but the manifest is read.
pub fn show(location: &str, reporter: &Reporter) -> Result<Report, Failure> {
    let uri = store::locate(location)?;
    if uri.scheme() != "file" {
        interrupt::cooperate(reporter);
        let found = store_of(reporter).and_then(|store| store.manifest(&uri));
        reporter.abandon();
        let found = found?;
        let shown = store::redacted(&uri);
        let manifest: Manifest = serde_json::from_slice(&found.bytes).map_err(|error| {
            let name = &found.name;
            Failure::new(
                Exit::Input,
                format!("{shown} is not a frozen dataset: its {name} is not a dataset's manifest: {error}"),
            )
        })?;
        return Ok(shown_of(
            shown.clone(),
            json!(shown),
            &manifest,
            &found.sha256(),
        ));
    }
    let dataset = FrozenDataset::open(&store::local_path(&uri)?)?;
    Ok(shown_of(
        shown(dataset.directory()),
        json!(dataset.directory()),
        dataset.manifest(),
        dataset.sha256(),
    ))
}

fn shown_of(place: String, directory: Value, manifest: &Manifest, sha256: &str) -> Report {
    let mut files = Table::new(1..2, ["file", "size", "SHA-256"]);
    for file in &manifest.files {
        files.row([file.path.clone(), bytes(file.bytes), file.sha256.clone()]);
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

/// Computes every hash, and reads what the hashes say nothing about.
pub fn verify(location: &str, reporter: &Reporter) -> Result<Report, Failure> {
    let uri = store::locate(location)?;
    // Kept in the cache until the end.
    let (path, place, _kept) = if uri.scheme() == "file" {
        let path = store::local_path(&uri)?;
        (path.clone(), shown(&path), Lease::default())
    } else {
        interrupt::cooperate(reporter);
        let staged = staged(location, reporter)?;
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
            "{}: whole and unchanged ({files} files, {}, identity {})\n",
            place,
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

/// A dataset that is open, and kept in the cache meanwhile where it lies elsewhere.
pub struct Opened {
    pub dataset: FrozenDataset,
    _kept: Lease,
}

/// Opens a dataset, brought here from where it is. Of one on this machine only sizes are checked.
pub fn open(location: &str, reporter: &Reporter) -> Result<Opened, Failure> {
    let uri = store::locate(location)?;
    let (path, kept) = if uri.scheme() == "file" {
        (store::local_path(&uri)?, Lease::default())
    } else {
        let staged = staged(location, reporter)?;
        (store::local_path(&staged.uri)?, staged.lease())
    };
    Ok(Opened {
        dataset: FrozenDataset::open(&path)?,
        _kept: kept,
    })
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
        .add("licence", &manifest.licence);
    if let Some(parent) = &manifest.parent {
        lines.add("parent", parent);
    }
    lines
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
