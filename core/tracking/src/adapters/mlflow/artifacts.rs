//! Uploads files to the server's artefact store.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{answer::Failure, naming, refused, run::RemoteRun, server::Server};
use crate::{Artifact, TrackerError};

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
        let mut files = Vec::new();
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if metadata.is_dir() {
            let mut above = Vec::new();
            walk(path, name, &mut above, &mut files)?;
        } else if name.is_empty() {
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((naming::artifact_part(&own).into_owned(), path.to_owned()));
        } else {
            files.push((name.to_owned(), path.to_owned()));
        }
        for (name, path) in files {
            let file = open(&path)?;
            self.client
                .put_file(&format!("{directory}/{name}"), &file)
                .map_err(Failure::on(&format!("the file {}", path.display())))?;
        }
        Ok(())
    }
}

/// Collects the files below a directory with their names on the server, sorted by name.
fn walk(
    directory: &Path,
    name: &str,
    above: &mut Vec<PathBuf>,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), TrackerError> {
    let unreadable = |error: io::Error| unreadable(directory, &error);
    // A symbolic link can lead to a directory above.
    let real = directory.canonicalize().map_err(unreadable)?;
    if above.contains(&real) {
        return Err(refused(
            &format!("the directory {}", directory.display()),
            format!("it is a link to {}, which contains it", real.display()),
        ));
    }
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    above.push(real);
    for entry in entries {
        let own = entry.file_name();
        let own = own.to_string_lossy();
        let own = naming::artifact_part(&own);
        let name = if name.is_empty() {
            own.into_owned()
        } else {
            format!("{name}/{own}")
        };
        let path = entry.path();
        // Follows symbolic links.
        let metadata = fs::metadata(&path).map_err(|error| self::unreadable(&path, &error))?;
        if metadata.is_dir() {
            walk(&path, &name, above, files)?;
        } else {
            files.push((name, path));
        }
    }
    above.pop();
    Ok(())
}

fn open(path: &Path) -> Result<File, TrackerError> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    // Opening a named pipe would block until another process writes to it.
    if !metadata.is_file() {
        return Err(refused(
            &format!("the file {}", path.display()),
            "it is not a regular file".to_owned(),
        ));
    }
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> TrackerError {
    let what = format!("the file {}", path.display());
    refused(&what, format!("it cannot be read: {error}"))
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
