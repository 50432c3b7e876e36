//! Lists a directory or a prefix.

use std::{fs, path::Path};

use jiff::Timestamp;
use url::Url;

use super::{
    StoreError,
    access::{Store, find_manifest},
    listing::{Depth, Listed, Listing},
    location::{is_local, local_path},
};

impl Store {
    /// Lists the first `most` entries at `uri`. Web servers cannot list, so there the manifest of
    /// the directory is listed.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when nothing exists at `uri`.
    pub fn list(&self, uri: &Url, depth: Depth, most: usize) -> Result<Listing, StoreError> {
        let recursive = depth == Depth::Recursive;
        if is_local(uri) {
            return list_local(&local_path(uri)?, recursive, most);
        }
        let remote = self.remote(uri)?;
        let listing = match remote.list(recursive, most) {
            Err(StoreError::Unlistable { uri }) => {
                let manifest = find_manifest(&remote)?.ok_or(StoreError::Unlistable { uri })?;
                let own = Listed {
                    name: manifest.name.clone(),
                    bytes: Some(manifest.bytes.len() as u64),
                    modified: None,
                };
                let files = manifest.files.iter().map(|file| Listed {
                    name: file.path.clone(),
                    bytes: Some(file.bytes),
                    modified: None,
                });
                let mut entries: Vec<Listed> = files.chain([own]).collect();
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                let more = entries.len() > most;
                entries.truncate(most);
                Listing { entries, more }
            }
            listing => listing?,
        };
        if !listing.entries.is_empty() {
            return Ok(listing);
        }
        // The URI may name a single object.
        match remote.stat("")? {
            Some(stat) => Ok(Listing {
                entries: vec![Listed {
                    name: uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
                    bytes: Some(stat.size),
                    modified: None,
                }],
                more: false,
            }),
            None => Err(StoreError::NotFound {
                uri: remote.display_uri(""),
            }),
        }
    }
}

fn list_local(path: &Path, recursive: bool, most: usize) -> Result<Listing, StoreError> {
    let mut listing = Listing::default();
    let metadata = fs::metadata(path).map_err(StoreError::read(path))?;
    if !metadata.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        listing.entries.push(entry(name.into_owned(), &metadata));
        return Ok(listing);
    }
    let mut pending = vec![(path.to_owned(), String::new())];
    while let Some((directory, prefix)) = pending.pop() {
        for found in fs::read_dir(&directory).map_err(StoreError::read(&directory))? {
            let found = found.map_err(StoreError::read(&directory))?;
            let name = format!("{prefix}{}", found.file_name().to_string_lossy());
            // A broken link is listed as itself.
            let metadata = fs::metadata(found.path()).or_else(|_| found.metadata());
            let metadata = metadata.map_err(StoreError::read(&found.path()))?;
            // Linked directories are not followed: links can form a cycle.
            let inside = recursive && found.file_type().is_ok_and(|kind| kind.is_dir());
            if inside {
                pending.push((found.path(), format!("{name}/")))
            } else {
                listing.entries.push(entry(name, &metadata))
            }
        }
    }
    listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
    listing.more = listing.entries.len() > most;
    listing.entries.truncate(most);
    Ok(listing)
}

fn entry(name: String, metadata: &fs::Metadata) -> Listed {
    let modified = metadata.modified().ok();
    Listed {
        name: if metadata.is_dir() {
            format!("{name}/")
        } else {
            name
        },
        bytes: metadata.is_file().then_some(metadata.len()),
        modified: modified.and_then(|time| Timestamp::try_from(time).ok()),
    }
}
