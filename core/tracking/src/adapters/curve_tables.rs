//! Tables of precision and recall in an artefact: small tables with the columns `tau`, `pr` and `rc`, as
//! evaluators of the CAFA challenges write them. Backends display them, unlike other files.

use std::{io::Read, path::Path};

use super::artifact_files::ArtifactFiles;
use crate::Artifact;

/// The largest table that is read, in bytes.
const LARGEST: u64 = 8 << 20;
/// The most tables of an artefact that are looked at.
const MOST_TABLES: usize = 50;
/// The most columns and rows of a table that is read.
const MOST_COLUMNS: usize = 100;
const MOST_ROWS: usize = 100_000;
/// The columns that a table has.
const COLUMNS: [&str; 3] = ["tau", "pr", "rc"];

/// A table.
pub(super) struct CurveTable {
    /// The name of its file without the extension.
    #[cfg_attr(
        not(feature = "wandb"),
        allow(dead_code, reason = "W&B names its tables")
    )]
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// The cells of each row, as many as there are columns.
    pub(super) rows: Vec<Vec<String>>,
}

impl CurveTable {
    /// The tables of an artefact in the order of their paths; none if it has gone.
    ///
    /// # Errors
    ///
    /// Why the artefact or a table cannot be read, for people.
    pub(super) fn of_artifact(artifact: &Artifact) -> Result<Vec<Self>, String> {
        if artifact.path.symlink_metadata().is_err() {
            return Ok(Vec::new());
        }
        let files = ArtifactFiles::list(&artifact.path)?;
        let is_table = |path: &Path| path.extension().is_some_and(|end| end == "tsv");
        let tables = files.files.iter();
        let tables = tables.filter(|file| is_table(&files.path_of(file)));
        let mut found = Vec::new();
        for table in tables.take(MOST_TABLES) {
            let file = files.open(table).map_err(|error| error.to_string())?;
            let mut bytes = Vec::new();
            file.take(LARGEST + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| error.to_string())?;
            // A table of curves is small; predictions are not.
            if bytes.len() as u64 > LARGEST {
                continue;
            }
            let path = files.path_of(table);
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            found.extend(Self::parse(&name, &String::from_utf8_lossy(&bytes)));
        }
        Ok(found)
    }

    /// `None` for a table with other columns, too many of them, too many rows, or a row with another
    /// number of cells.
    pub(super) fn parse(name: &str, text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let columns: Vec<String> = lines.next()?.split('\t').map(str::to_owned).collect();
        let has = |name: &&str| columns.iter().any(|column| column == name);
        if columns.len() > MOST_COLUMNS || !COLUMNS.iter().all(has) {
            return None;
        }
        let mut rows = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if cells.len() != columns.len() || rows.len() == MOST_ROWS {
                return None;
            }
            rows.push(cells);
        }
        Some(Self {
            name: name.to_owned(),
            rows,
            columns,
        })
    }

    /// The index of a column.
    #[cfg(feature = "tensorboard")]
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}
