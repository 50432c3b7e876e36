//! `protea store ls | cp | verify | cache`.

use protea_core::store::{Cache, Depth, FileState, locate};
use serde_json::json;

use crate::{
    args::{CacheArgs, CpArgs, LsArgs, VerifyArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, bytes, count, display_path, plural},
    transfers::open_store,
};

/// Lists the files and directories at a place.
pub fn ls(args: &LsArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let most = match args.limit {
        0 => usize::MAX,
        most => most,
    };
    let depth = if args.recursive {
        Depth::Recursive
    } else {
        Depth::Direct
    };
    interrupt::cooperate(reporter);
    reporter.start(&format!("listing {}", without_secrets(&args.place)));
    let listed =
        open_store(reporter).and_then(|store| store.list(&locate(&args.place)?, depth, most));
    reporter.abandon();
    let listing = listed?;
    let mut table = Table::new(0..1, ["size", "written", "name"]);
    for entry in &listing.entries {
        let modified = entry.modified.map(|time| time.to_string());
        table.row([
            entry.bytes.map(bytes).unwrap_or_default(),
            modified.unwrap_or_default(),
            entry.name.clone(),
        ]);
    }
    if listing.more {
        reporter.note("there are more entries; --limit 0 shows all");
    }
    let entries: Vec<_> = listing
        .entries
        .iter()
        .map(|entry| {
            json!({
                "name": entry.name,
                "bytes": entry.bytes,
                "modified": entry.modified,
            })
        })
        .collect();
    Ok(Report {
        text: table.to_string(),
        json: json!({ "entries": entries, "more": listing.more }),
    })
}

/// Copies a file or a directory.
pub fn cp(args: &CpArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate(reporter);
    let copied =
        open_store(reporter).and_then(|store| store.copy(&locate(&args.from)?, &locate(&args.to)?));
    reporter.abandon();
    let copied = copied?;
    let files = plural(copied.files as u64, "file");
    Ok(Report {
        text: format!(
            "{}: {files}, {}, SHA-256 {}\n",
            copied.to,
            bytes(copied.bytes),
            copied.sha256
        ),
        json: json!({
            "to": copied.to,
            "files": copied.files,
            "bytes": copied.bytes,
            "sha256": copied.sha256,
        }),
    })
}

/// Checks every file of a directory against its manifest.
pub fn verify(args: &VerifyArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate(reporter);
    let verified = open_store(reporter).and_then(|store| store.verify(&locate(&args.place)?));
    reporter.abandon();
    let verified = verified?;
    let mut broken = Table::new(1..2, ["file", "listed", "state"]);
    let mut files = Vec::new();
    for file in &verified.files {
        let (state, found, text) = match &file.state {
            FileState::Whole => ("whole", json!(null), String::new()),
            FileState::Missing => ("missing", json!(null), "missing".to_owned()),
            FileState::Size(size) => ("size", json!(size), format!("has {size} bytes")),
            FileState::Sum(sum) => ("sha256", json!(sum), format!("has SHA-256 {sum}")),
        };
        if file.state != FileState::Whole {
            broken.row([file.path.clone(), bytes(file.bytes), text]);
        }
        files.push(json!({
            "path": file.path,
            "bytes": file.bytes,
            "state": state,
            "found": found,
        }));
    }
    let object = json!({
        "uri": verified.uri,
        "manifest": verified.manifest,
        "sha256": verified.sha256,
        "verified": verified.is_whole(),
        "bytes": verified.bytes(),
        "files": files,
    });
    if verified.is_whole() {
        return Ok(Report {
            text: format!(
                "{}: complete and unchanged ({} files, {}, identity {})\n",
                verified.uri,
                count(verified.files.len() as u64),
                bytes(verified.bytes()),
                verified.sha256
            ),
            json: object,
        });
    }
    let different = verified
        .files
        .iter()
        .filter(|file| file.state != FileState::Whole)
        .count();
    let message = format!(
        "{}: {different} of {} files differ from what {} lists; publish it again from an intact copy",
        verified.uri,
        verified.files.len(),
        verified.manifest
    );
    Err(Failure::new(Exit::Input, message)
        .with_text(broken.to_string())
        .with_detail("verification", object))
}

/// Shows the content of the cache, or clears it.
pub fn cache(args: &CacheArgs) -> Result<Report, Failure> {
    let cache = Cache::from_env()?;
    if args.clear {
        let cleared = cache.clear()?;
        return Ok(Report {
            text: format!(
                "{}: {} freed, {} in use and kept\n",
                display_path(cache.directory()),
                bytes(cleared.bytes),
                cleared.in_use
            ),
            json: json!({
                "directory": cache.directory().to_string_lossy(),
                "directories": cleared.directories,
                "bytes": cleared.bytes,
                "in_use": cleared.in_use,
            }),
        });
    }
    let usage = cache.usage()?;
    let mut lines = Lines::default();
    lines
        .add("cache", display_path(cache.directory()))
        .add("limit", bytes(cache.limit()))
        .add(
            "content",
            format!(
                "{} directories, {} of them in use; {} files, {}",
                usage.directories,
                usage.in_use,
                usage.objects,
                bytes(usage.object_bytes)
            ),
        )
        .add(
            "in progress",
            format!("{} downloads, {}", usage.parts, bytes(usage.part_bytes)),
        )
        .add(
            "indexes",
            format!("{} files, {}", usage.indexes, bytes(usage.index_bytes)),
        );
    Ok(Report {
        text: lines.to_string(),
        json: json!({
            "directory": cache.directory().to_string_lossy(),
            "limit": cache.limit(),
            "directories": usage.directories,
            "in_use": usage.in_use,
            "objects": usage.objects,
            "object_bytes": usage.object_bytes,
            "parts": usage.parts,
            "part_bytes": usage.part_bytes,
            "indexes": usage.indexes,
            "index_bytes": usage.index_bytes,
        }),
    })
}

/// A place as a message may show it before it is parsed: a URI without its secrets.
fn without_secrets(place: &str) -> String {
    use protea_core::store::redacted;
    if place.contains("://") {
        locate(place).map_or_else(|_| "a URI".to_owned(), |uri| redacted(&uri))
    } else {
        place.to_owned()
    }
}
