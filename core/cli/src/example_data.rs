//! Finds the repository's example data, which commands use if no dataset is given.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use protea_core::catalog;

use crate::{exit::Exit, failure::Failure};

/// The environment variable with the directory that contains `train` and `test`.
pub const VARIABLE: &str = "PROTEA_EXAMPLE_DATA";

const IN_REPOSITORY: &str = "examples/data";
/// Beside the directory of the user's runners.
const INSTALLED: &str = "example-data";

/// Where they were found first.
static PINNED: OnceLock<ExampleData> = OnceLock::new();

/// The two datasets of the example data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleData {
    /// The dataset to train on.
    pub train: PathBuf,
    /// The dataset to score on.
    pub test: PathBuf,
}

/// Finds the example data: in [`VARIABLE`], else in the repository of the executable (which is in
/// `target/release`), else in the current directory, else where the user installed it.
pub fn find() -> Result<ExampleData, Failure> {
    if let Some(pinned) = PINNED.get() {
        return Ok(pinned.clone());
    }
    let found = look()?;
    let _ = PINNED.set(found.clone());
    Ok(found)
}

/// The directory of the example data, if the command has used them.
pub fn used() -> Option<PathBuf> {
    Some(PINNED.get()?.train.parent()?.to_owned())
}

/// From now on the example data are those in this directory, where an earlier command found them.
pub fn pin(directory: &Path) {
    let _ = PINNED.set(ExampleData {
        train: directory.join("train"),
        test: directory.join("test"),
    });
}

fn look() -> Result<ExampleData, Failure> {
    let executable = env::current_exe().and_then(|path| path.canonicalize()).ok();
    let current = env::current_dir().ok();
    let installed =
        catalog::user_directory().and_then(|runners| Some(runners.parent()?.join(INSTALLED)));
    find_from(
        env::var_os(VARIABLE).map(PathBuf::from),
        executable.as_deref(),
        current.as_deref(),
        installed.as_deref(),
    )
}

fn find_from(
    variable: Option<PathBuf>,
    executable: Option<&Path>,
    current: Option<&Path>,
    installed: Option<&Path>,
) -> Result<ExampleData, Failure> {
    if let Some(directory) = variable {
        return both(&directory).ok_or_else(|| {
            Failure::new(
                Exit::Input,
                format!(
                    "{VARIABLE} is {}, which does not contain the frozen datasets train and test; \
                     correct it, or give --train and --eval",
                    directory.display()
                ),
            )
        });
    }
    let above = executable.iter().flat_map(|path| path.ancestors().skip(1));
    above
        .chain(current)
        .map(|directory| directory.join(IN_REPOSITORY))
        .chain(installed.map(Path::to_owned))
        .find_map(|directory| both(&directory))
        .ok_or_else(|| {
            let or_copy = installed.map_or_else(String::new, |directory| {
                format!(", or copy it to {}", directory.display())
            });
            Failure::new(
                Exit::Usage,
                format!(
                    "no dataset was given, and the example data ({IN_REPOSITORY} of the \
                     repository) was not found; give --train DATASET and --eval DATASET, or set \
                     {VARIABLE}{or_copy}"
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn example_below(directory: &Path) -> PathBuf {
        let data = directory.join(IN_REPOSITORY);
        for half in ["train", "test"] {
            fs::create_dir_all(data.join(half)).unwrap();
            fs::write(data.join(half).join("dataset.json"), "{}").unwrap();
        }
        data
    }

    #[test]
    fn the_variable_precedes_executable_and_current_directory() {
        let places: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let [named, above, here] = [&places[0], &places[1], &places[2]].map(|place| place.path());
        let (named, above_data) = (example_below(named), example_below(above));
        let here_data = example_below(here);
        let executable = above.join("target/release/protea");
        let found = |named, executable: &Path| {
            let found = find_from(named, Some(executable), Some(here), None);
            found
                .map(|example| example.train.parent().unwrap().to_owned())
                .unwrap()
        };
        assert_eq!(found(Some(named.clone()), &executable), named);
        assert_eq!(found(None, &executable), above_data);
        assert_eq!(found(None, Path::new("/usr/bin/protea")), here_data);
    }

    #[test]
    fn an_installed_command_finds_the_installed_data() {
        let place = tempfile::tempdir().unwrap();
        let executable = Path::new("/usr/bin/protea");
        let installed = example_below(place.path());
        let found = find_from(None, Some(executable), None, Some(&installed)).unwrap();
        assert_eq!(found.test, installed.join("test"));
        let absent = place.path().join("absent");
        let failure = find_from(None, Some(executable), None, Some(&absent)).unwrap_err();
        let copy = format!("or copy it to {}", absent.display());
        assert!(failure.message.ends_with(&copy), "{}", failure.message);
    }

    #[test]
    fn without_example_data_the_error_names_the_options() {
        let empty = tempfile::tempdir().unwrap();
        let failure = find_from(None, None, Some(empty.path()), None).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(
            failure
                .message
                .contains("give --train DATASET and --eval DATASET")
        );
        let failure = find_from(Some(empty.path().into()), None, None, None).unwrap_err();
        assert!(failure.message.contains("PROTEA_EXAMPLE_DATA is"));
    }
}
