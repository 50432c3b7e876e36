//! A file of predictions and its format.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use protea_ontology::{
    compressed::{open_decompressed, open_input},
    foreign::ForeignContent,
};
use protea_scoring::ScoringError;

use crate::{error::PredictionsError, layout::Format};

/// Bytes that are read to recognise the format.
const START_BYTES: u64 = 64 << 10;

/// A file of predictions, plain or compressed with gzip or Zstandard.
///
/// It may be read several times, so a pipe is copied to a temporary file first.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    name: String,
    format: Format,
    _copy: Option<PipeCopy>,
}

impl Source {
    /// Opens a file. A pipe is copied to a file in the directory `scratch`.
    ///
    /// # Errors
    ///
    /// [`PredictionsError::Table`] if it cannot be read, [`PredictionsError::Scratch`] if a pipe
    /// cannot be copied.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, PredictionsError> {
        let name = path.display().to_string();
        let file = match open_input(path) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                return Err(ScoringError::Directory {
                    input: "predictions",
                    file: name,
                }
                .into());
            }
            opened => opened.map_err(|error| unreadable(&name, error))?,
        };
        let metadata = file.metadata().map_err(|error| unreadable(&name, error))?;
        if !metadata.is_file() {
            return Self::copy_of(file, &name, scratch);
        }
        Self::recognized(path.to_owned(), name, None)
    }

    /// Copies a pipe, such as standard input, to a file in the directory `scratch`. Messages use
    /// `name`.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn copy_of(
        mut pipe: impl Read,
        name: &str,
        scratch: &Path,
    ) -> Result<Self, PredictionsError> {
        let failed = |source| PredictionsError::Scratch {
            directory: scratch.display().to_string(),
            source,
        };
        let mut copy = PipeCopy::create_in(scratch).map_err(failed)?;
        io::copy(&mut pipe, copy.file()).map_err(failed)?;
        Self::recognized(copy.path(), name.to_owned(), Some(copy))
    }

    fn recognized(
        path: PathBuf,
        name: String,
        copy: Option<PipeCopy>,
    ) -> Result<Self, PredictionsError> {
        let mut start = Vec::new();
        open_decompressed(&path)
            .and_then(|reader| reader.take(START_BYTES).read_to_end(&mut start))
            .map_err(|error| unreadable(&name, error))?;
        Ok(Self {
            format: Format::recognize(&start),
            path,
            name,
            _copy: copy,
        })
    }

    /// The name for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> &Format {
        &self.format
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The copy of a pipe. On Linux it has no name in any directory, so nothing is left however the process
/// ends.
#[derive(Debug)]
struct PipeCopy(
    #[cfg(target_os = "linux")] File,
    #[cfg(not(target_os = "linux"))] tempfile::NamedTempFile,
);

impl PipeCopy {
    fn create_in(directory: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let file = tempfile::tempfile_in(directory)?;
        #[cfg(not(target_os = "linux"))]
        let file = tempfile::Builder::new()
            .prefix("protea-predictions-")
            .tempfile_in(directory)?;
        Ok(Self(file))
    }

    fn file(&mut self) -> &mut impl io::Write {
        &mut self.0
    }

    /// A path that opens the copy from its start.
    #[cfg(target_os = "linux")]
    fn path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;

        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    #[cfg(not(target_os = "linux"))]
    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }
}

fn unreadable(name: &str, source: io::Error) -> PredictionsError {
    let (input, file) = ("predictions", name.to_owned());
    PredictionsError::Table(match ForeignContent::of(&source) {
        Some(content) => ScoringError::Foreign {
            input,
            file,
            content,
        },
        None => ScoringError::Read {
            input,
            file,
            source,
        },
    })
}
