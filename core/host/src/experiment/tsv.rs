//! Tab-separated tables.

use std::path::{Path, PathBuf};

use crate::{StoreError, store::write_atomic};

/// A table in the making.
#[derive(Default)]
pub(super) struct Tsv(String);

impl Tsv {
    /// Adds a row. Tabs and line ends in a cell become blanks.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.0.push('\t');
            }
            self.0.push_str(&cell.replace(['\t', '\n', '\r'], " "));
        }
        self.0.push('\n');
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), StoreError> {
        write_atomic(path, self.0.as_bytes())
    }
}

/// `<name>.tsv`, or `<name>-2.tsv` and so on where a run has several.
pub(super) fn free_name(directory: &Path, name: &str) -> PathBuf {
    let first = directory.join(format!("{name}.tsv"));
    let others = (2..).map(|number: u32| directory.join(format!("{name}-{number}.tsv")));
    std::iter::once(first)
        .chain(others)
        .find(|path| !path.exists())
        .expect("there are more numbers than files")
}
