//! Uploads files to the server's artefact store, several at a time.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use protea_files::FilesError;

use super::{
    answer::Failure,
    client::{CONNECTIONS, Client},
    naming, refused,
    server::lock,
};
use crate::{TrackerError, adapters::artifact_files::ArtifactFiles};

/// Files that are waiting to be uploaded.
#[derive(Default)]
pub(super) struct Uploads {
    files: Vec<Upload>,
    /// How many artefacts they are of. Each keeps a directory open.
    artifacts: usize,
}

struct Upload {
    content: Arc<ArtifactFiles>,
    /// The position of the file in the content.
    index: usize,
    /// The path in the server's store.
    to: String,
}

/// Artefacts that wait together.
const MOST_ARTIFACTS: usize = 16;

impl Uploads {
    /// Adds a file as `name`, or the files of a directory below `name`. With an empty name, they are
    /// uploaded to `artifact_uri` itself, and a file keeps its own name.
    pub(super) fn add(
        &mut self,
        artifact_uri: &str,
        name: &str,
        path: &Path,
    ) -> Result<(), TrackerError> {
        let directory = proxied_path(artifact_uri)?;
        let content = ArtifactFiles::list(path)
            .map_err(|reason| refused(&format!("the file {}", path.display()), reason))?;
        let content = Arc::new(content);
        for (index, found) in content.files.iter().enumerate() {
            let name = match &found.below {
                Some(below) => {
                    let parts = below.iter().map(|part| {
                        let part = part.to_string_lossy();
                        naming::artifact_part(&part).into_owned()
                    });
                    let given = Some(name.to_owned()).filter(|name| !name.is_empty());
                    given.into_iter().chain(parts).collect::<Vec<_>>().join("/")
                }
                None if name.is_empty() => {
                    let own = path.file_name().unwrap_or_default().to_string_lossy();
                    naming::artifact_part(&own).into_owned()
                }
                None => name.to_owned(),
            };
            self.files.push(Upload {
                content: Arc::clone(&content),
                index,
                to: format!("{directory}/{name}"),
            });
        }
        self.artifacts += 1;
        Ok(())
    }

    /// Whether the files must be sent before more are added.
    pub(super) fn is_full(&self) -> bool {
        self.artifacts >= MOST_ARTIFACTS
    }

    /// Removes all files.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Uploads all files over at most [`CONNECTIONS`] connections, and does `meanwhile` on one of
    /// them first. After an error, no further file is begun. Of several errors, one that says that
    /// the server does not answer is returned, because everything is sent again then.
    pub(super) fn send(
        &mut self,
        client: &Client,
        meanwhile: impl FnOnce() -> Result<(), TrackerError>,
    ) -> Result<(), TrackerError> {
        let files = std::mem::take(self).files;
        let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let errors: Mutex<Vec<TrackerError>> = Mutex::default();
        let keep = |result: Result<(), TrackerError>| {
            if let Err(error) = result {
                has_failed.store(true, Ordering::Relaxed);
                lock(&errors).push(error);
            }
        };
        let work = || {
            while !has_failed.load(Ordering::Relaxed) {
                let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                keep(file.send(client));
            }
        };
        thread::scope(|scope| {
            for _ in 1..CONNECTIONS.min(files.len() + 1) {
                // Without a further thread, this one uploads all files.
                let thread = thread::Builder::new().name("upload".to_owned());
                if thread.spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            keep(meanwhile());
            work();
        });
        let mut errors = errors.into_inner().unwrap_or_default();
        if errors.is_empty() {
            return Ok(());
        }
        let temporary = errors.iter().position(TrackerError::is_temporary);
        Err(errors.swap_remove(temporary.unwrap_or(0)))
    }
}

impl Upload {
    fn send(&self, client: &Client) -> Result<(), TrackerError> {
        let found = &self.content.files[self.index];
        let file = self.content.open(found);
        let file = file.map_err(|error| unreadable(&error))?;
        let what = format!("the file {}", self.content.path_of(found).display());
        client.put_file(&self.to, &file).map_err(Failure::on(&what))
    }
}

fn unreadable(error: &FilesError) -> TrackerError {
    let what = format!("the file {}", error.path().display());
    refused(&what, error.reason())
}

/// The path in the server's own store, for a URI such as `mlflow-artifacts:/1/…/artifacts`.
fn proxied_path(artifact_uri: &str) -> Result<&str, TrackerError> {
    let elsewhere = || {
        let scheme = artifact_uri
            .split_once(':')
            .map_or("file", |(scheme, _)| scheme);
        refused(
            "files",
            format!(
                "the experiment stores them outside the server (`{scheme}:…`), where they cannot \
                 be written; start the server with `--serve-artifacts` and use a new experiment"
            ),
        )
    };
    let path = artifact_uri
        .strip_prefix("mlflow-artifacts:")
        .ok_or_else(elsewhere)?;
    match path.strip_prefix("//") {
        None => Ok(path.trim_matches('/')),
        // `mlflow-artifacts://host/…` is on another server.
        Some(rest) => match rest.strip_prefix('/') {
            Some(path) => Ok(path.trim_matches('/')),
            None => Err(elsewhere()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_store_of_the_server_is_used() {
        assert_eq!(
            proxied_path("mlflow-artifacts:/1/ab/artifacts").unwrap(),
            "1/ab/artifacts"
        );
        assert_eq!(
            proxied_path("mlflow-artifacts:///1/ab/artifacts/").unwrap(),
            "1/ab/artifacts"
        );
        for uri in [
            "s3://me:s3cret@bucket/x",
            "/srv/mlruns/1",
            "mlflow-artifacts://host:1/x",
            "",
        ] {
            let error = proxied_path(uri).unwrap_err();
            assert!(matches!(error, TrackerError::Refused { .. }), "{uri}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
