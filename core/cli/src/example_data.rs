//! The repository's small dataset, on which the quick start runs.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{exit::Exit, failure::Failure};

/// Names the directory that holds `train` and `test`.
pub const VARIABLE: &str = "PROTEA_EXAMPLE_DATA";

const BELOW_REPOSITORY: &str = "examples/data";

/// The halves of the example data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleData {
    /// To learn from.
    pub train: PathBuf,
    /// To be scored on.
    pub test: PathBuf,
}

/// Finds the example data: where [`VARIABLE`] says, else beside or above the executable (which
/// lies in `target/release`), else below the current directory.
pub fn find() -> Result<ExampleData, Failure> {
    if let Some(named) = env::var_os(VARIABLE) {
        let named = PathBuf::from(named);
        return both(&named).ok_or_else(|| {
            Failure::new(
                Exit::Input,
                format!(
                    "{VARIABLE} is {}, which does not hold the frozen datasets train and test; \
                     correct it, or give --train and --eval",
                    named.display()
                ),
            )
        });
    }
    let executable = env::current_exe().and_then(|path| path.canonicalize()).ok();
    let above = executable.iter().flat_map(|path| path.ancestors().skip(1));
    let here = env::current_dir().ok();
    above
        .chain(here.as_deref())
        .find_map(|directory| both(&directory.join(BELOW_REPOSITORY)))
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!(
                    "no dataset was given, and the example data ({BELOW_REPOSITORY} of the \
                     repository) is neither above the executable nor below the current directory; \
                     give --train DATASET and --eval DATASET, or set {VARIABLE}"
                ),
            )
        })
}

fn both(directory: &Path) -> Option<ExampleData> {
    let half = |name: &str| {
        let path = directory.join(name);
        path.join(protea_core::dataset::MANIFEST)
            .is_file()
            .then_some(path)
    };
    Some(ExampleData {
        train: half("train")?,
        test: half("test")?,
    })
}
