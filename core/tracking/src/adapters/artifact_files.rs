//! The files of an artefact, as the adapters upload them.
//!
//! A runner may have written the directory of an artefact, and the adapters read it with the rights
//! of the user: a link in it could lead to any file of the user. An artefact with a link, pipe, socket
//! or device in it is refused as a whole.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use protea_files::{Directory, FilesError, Limits, Links, Never};

/// The most paths that a refusal names.
const EXAMPLES: usize = 3;

/// The files of an artefact.
pub(super) struct ArtifactFiles {
    path: PathBuf,
    /// None if the artefact is a single file.
    directory: Option<Directory>,
    /// Sorted by path.
    pub(super) files: Vec<ArtifactFile>,
}

/// A file of an artefact.
pub(super) struct ArtifactFile {
    /// Its path in the artefact's directory; none if the artefact is this file.
    pub(super) below: Option<PathBuf>,
}

impl ArtifactFiles {
    /// Lists the file or directory at `path`. The error says why it is not uploaded, without the
    /// path of the artefact.
    pub(super) fn list(path: &Path) -> Result<Self, String> {
        let directory = match Directory::open(path, Links::Refuse) {
            Ok(directory) => directory,
            Err(FilesError::NotDirectory { .. }) => {
                return Ok(Self {
                    path: path.to_owned(),
                    directory: None,
                    files: vec![ArtifactFile { below: None }],
                });
            }
            Err(error) => return Err(error.to_string()),
        };
        let tree = directory.walk(&Limits::default(), &Never);
        let tree = tree.map_err(|error| error.to_string())?;
        if !tree.left_out.is_empty() {
            return Err(refusal(&tree.left_out));
        }
        let files = tree.files.into_iter();
        Ok(Self {
            path: path.to_owned(),
            directory: Some(directory),
            files: files
                .map(|file| ArtifactFile {
                    below: Some(file.path),
                })
                .collect(),
        })
    }

    pub(super) fn path_of(&self, file: &ArtifactFile) -> PathBuf {
        match &file.below {
            Some(below) => self.path.join(below),
            None => self.path.clone(),
        }
    }

    pub(super) fn open(&self, file: &ArtifactFile) -> Result<File, FilesError> {
        match (&self.directory, &file.below) {
            (Some(directory), Some(below)) => directory.open_file(below),
            _ => protea_files::open(&self.path, Links::Refuse),
        }
    }
}

/// How many files are not regular, and the first of them.
fn refusal(left_out: &[FilesError]) -> String {
    let examples = left_out.iter().take(EXAMPLES).map(ToString::to_string);
    let more = match left_out.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let examples = examples.collect::<Vec<_>>().join("; ");
    format!("only regular files and directories are uploaded: {examples}{more}")
}
