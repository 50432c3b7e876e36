//! Lists what lies at a URI.

use std::{fs, path::Path};

use jiff::Timestamp;
use url::Url;

use super::{
    StoreError,
    access::{Store, find_manifest},
    listing::{Listed, Listing},
    location::{is_local, local_path},
};

impl Store {
    /// Lists what lies directly at `uri`, or with everything below it: the first `most` entries. A
    /// web server does not say what it holds; there a manifest does.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where there is nothing.
    pub fn list(&self, uri: &Url, recursive: bool, most: usize) -> Result<Listing, StoreError> {
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
        // The URI may be that of an object.
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
                uri: remote.shown(""),
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
    let mut left = vec![(path.to_owned(), String::new())];
    while let Some((directory, prefix)) = left.pop() {
        for found in fs::read_dir(&directory).map_err(StoreError::read(&directory))? {
            let found = found.map_err(StoreError::read(&directory))?;
            let name = format!("{prefix}{}", found.file_name().to_string_lossy());
            // A link that leads nowhere is listed as itself.
            let metadata = fs::metadata(found.path()).or_else(|_| found.metadata());
            let metadata = metadata.map_err(StoreError::read(&found.path()))?;
            // Links could lead round in a circle.
            let inside = recursive && found.file_type().is_ok_and(|kind| kind.is_dir());
            if inside {
                left.push((found.path(), format!("{name}/")))
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
