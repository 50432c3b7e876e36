//! Uploads files to the server's artefact store.

use std::path::Path;

use protea_files::FilesError;

use super::{answer::Failure, naming, refused, run::RemoteRun, server::Server};
use crate::{Artifact, TrackerError, adapters::artifact_files::ArtifactFiles};

impl Server {
    /// Uploads a file or directory as an artefact of a run.
    pub(super) fn put_artifact(
        &self,
        run: &RemoteRun,
        artifact: &Artifact,
    ) -> Result<(), TrackerError> {
        let name: Vec<_> = artifact
            .name
            .split('/')
            .map(naming::artifact_part)
            .collect();
        self.put_files(&run.artifact_uri, &name.join("/"), &artifact.path)
    }

    /// Uploads a file as `name`, or the files of a directory below `name`. With an empty name, they
    /// are uploaded to `artifact_uri` itself, and a file keeps its own name.
    pub(super) fn put_files(
        &self,
        artifact_uri: &str,
        name: &str,
        path: &Path,
    ) -> Result<(), TrackerError> {
        let directory = proxied_path(artifact_uri)?;
        let content = ArtifactFiles::list(path)
            .map_err(|reason| refused(&format!("the file {}", path.display()), reason))?;
        for found in &content.files {
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
            let file = content.open(found).map_err(|error| unreadable(&error))?;
            let what = format!("the file {}", content.path_of(found).display());
            self.client
                .put_file(&format!("{directory}/{name}"), &file)
                .map_err(Failure::on(&what))?;
        }
        Ok(())
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
