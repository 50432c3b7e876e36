//! Copies between URIs.

use std::{ffi::OsStr, fs, path::Path};

use protea_contracts::{
    Sha256,
    content::{digest_file, digest_reader},
};
use protea_files::{Links, PARTIAL, TemporaryFile, remove_abandoned};
use url::Url;

use super::{
    Store, StoreError,
    access::{find_manifest, parent},
    location::{child_uri, is_local, local_path, redacted},
    meter::TransferKind,
    object_info::Stat,
    part::PartFile,
    remote::Remote,
};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The URI of the copy, without secrets.
    pub to: String,
    /// Number of files, not counting the manifest.
    pub files: usize,
    /// Total size of the files in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file, or of the directory's manifest.
    pub sha256: Sha256,
}

impl Store {
    /// Copies a file or a directory. Overwrites nothing.
    ///
    /// A local directory needs no manifest; the copy gets one. A remote directory needs a manifest
    /// and is checked against it. A remote file is downloaded without a check. An uploaded file is
    /// read back and compared. If `to` ends with `/` or is a directory, a file keeps its name.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Nothing exists at `to` then.
    pub fn copy(&self, from: &Url, to: &Url) -> Result<Copied, StoreError> {
        if is_local(from) {
            let path = local_path(from)?;
            // The user names this path, so it may be a link.
            let metadata = fs::metadata(&path).map_err(StoreError::read(&path))?;
            return if metadata.is_dir() {
                self.copy_tree(&path, to)
            } else {
                self.send_file(&path, from, to)
            };
        }
        let remote = self.remote(from)?;
        if let Some(manifest) = find_manifest(&remote)? {
            let staged = self.stage_tree(&remote, &manifest)?;
            return self.copy_tree(&staged.path, to);
        }
        match remote.stat("")? {
            Some(stat) => self.fetch_file(&remote, &stat, from, to),
            None => Err(self.absent(&remote, from)),
        }
    }

    /// Why there is nothing to copy: it is missing, or a directory that was not published.
    fn absent(&self, remote: &Remote, from: &Url) -> StoreError {
        match remote.list(false, 1) {
            Ok(listing) if !listing.entries.is_empty() => super::access::not_published(from),
            _ => StoreError::NotFound {
                uri: redacted(from),
            },
        }
    }

    fn copy_tree(&self, directory: &Path, to: &Url) -> Result<Copied, StoreError> {
        let published = self.publish(directory, to)?;
        Ok(Copied {
            to: published.uri.clone(),
            files: published.files.len(),
            bytes: published.bytes(),
            sha256: published.sha256,
        })
    }

    fn send_file(&self, path: &Path, from: &Url, to: &Url) -> Result<Copied, StoreError> {
        let to = with_name(to, from)?;
        let display_uri = redacted(&to);
        if is_local(&to) {
            return arrived(path, &local_path(&to)?, display_uri);
        }
        self.send_to(&self.remote(&to)?, path, display_uri)
    }

    fn send_to(
        &self,
        remote: &Remote,
        path: &Path,
        display_uri: String,
    ) -> Result<Copied, StoreError> {
        remote.writable()?;
        if remote.stat("")?.is_some() {
            return Err(StoreError::Published { uri: display_uri });
        }
        let file = protea_files::open(path, Links::Follow)?;
        let (sha256, bytes) = digest_reader(&file).map_err(StoreError::read(path))?;
        let meter = self.meter(TransferKind::Upload, &display_uri, 2 * bytes);
        remote.upload("", &file, path, &meter)?;
        let there = remote.hash("", &meter)?;
        if there.sha256 != sha256 {
            return Err(StoreError::Corrupt {
                reason: format!("its SHA-256 is {}, but {sha256} was sent", there.sha256),
                uri: display_uri,
            });
        }
        Ok(Copied {
            to: display_uri.clone(),
            files: 1,
            bytes,
            sha256,
        })
    }

    fn fetch_file(
        &self,
        remote: &Remote,
        stat: &Stat,
        from: &Url,
        to: &Url,
    ) -> Result<Copied, StoreError> {
        let to = with_name(to, from)?;
        let (display_uri, source_uri) = (redacted(&to), redacted(from));
        if is_local(&to) {
            let place = local_path(&to)?;
            if place.symlink_metadata().is_ok() {
                return Err(StoreError::Exists { path: place });
            }
        }
        // Downloaded to the cache, so that the next attempt resumes and the destination stays
        // clean.
        let part = self.cache()?.part(from, stat)?;
        let meter = self.meter(TransferKind::Download, &source_uri, stat.size);
        let file = PartFile::open(&part, &meter)?;
        remote.download("", None, &file, &meter)?;
        let copied = if is_local(&to) {
            arrived(&part, &local_path(&to)?, display_uri)?
        } else {
            self.send_to(&self.remote(&to)?, &part, display_uri)?
        };
        file.remove()?;
        Ok(copied)
    }
}

/// The destination of a file: if that is a directory, the file's name in it.
fn with_name(to: &Url, from: &Url) -> Result<Url, StoreError> {
    let into = to.path().ends_with('/') || (is_local(to) && local_path(to)?.is_dir());
    if !into {
        return Ok(to.clone());
    }
    let (_, name) = parent(from).ok_or_else(|| StoreError::Location {
        location: redacted(from),
        reason: "it has no file name".to_owned(),
    })?;
    Ok(child_uri(to, &name))
}

/// Moves a complete file to its name, unless the name exists.
fn arrived(source: &Path, place: &Path, display_uri: String) -> Result<Copied, StoreError> {
    let failed = || StoreError::write(place);
    let directory = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(StoreError::write(directory))?;
    let prefix = OsStr::new(PARTIAL);
    remove_abandoned(directory, &[prefix]);
    let mut copy = TemporaryFile::create_in(directory, prefix, 0o666).map_err(failed())?;
    let mut original = protea_files::open(source, Links::Follow)?;
    std::io::copy(&mut original, &mut copy).map_err(failed())?;
    copy.as_file().sync_all().map_err(failed())?;
    let (sha256, bytes) = digest_file(copy.path()).map_err(failed())?;
    copy.persist_noclobber(place)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::Exists {
                path: place.to_owned(),
            },
            _ => failed()(error),
        })?;
    Ok(Copied {
        to: display_uri,
        files: 1,
        bytes,
        sha256,
    })
}
