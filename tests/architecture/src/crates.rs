//! Which crate of the workspace depends on which: what the manifests say, and what the table in
//! `docs/ARCHITECTURE.md` allows.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    process::Command,
};

use serde_json::Value;

use crate::sources::repository;

/// The page with the table, relative to the root of the repository.
pub const PAGE: &str = "docs/ARCHITECTURE.md";

const HEADER: &str = "| crate | folder | may depend on |";

/// The crates of the workspace by name.
pub type Crates = BTreeMap<String, Crate>;

/// A crate, as its manifest or the table describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crate {
    /// The folder, relative to the root of the repository.
    pub folder: String,
    /// The crates of the workspace that it depends on.
    pub uses: BTreeSet<String>,
}

/// The crates as cargo reads their manifests. Optional dependencies and those of one platform
/// count, `dev-dependencies` do not.
pub fn from_manifests() -> Crates {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(repository())
        .output()
        .expect("cargo can be executed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata failed: {errors}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(package, "name"))
        .collect();
    packages
        .iter()
        .map(|package| (text(package, "name").to_owned(), described(package, &names)))
        .collect()
}

fn described(package: &Value, names: &BTreeSet<&str>) -> Crate {
    let root = fs::canonicalize(repository()).unwrap();
    let manifest = fs::canonicalize(text(package, "manifest_path")).unwrap();
    let folder = manifest.parent().unwrap().strip_prefix(root).unwrap();
    // A path has `\` between its parts on Windows, the table has `/`.
    let folder = folder.to_string_lossy().replace('\\', "/");
    let dependencies = package["dependencies"].as_array().unwrap();
    let uses = dependencies
        .iter()
        .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
        .map(|dependency| text(dependency, "name"))
        .filter(|name| names.contains(name))
        .map(str::to_owned)
        .collect();
    Crate { folder, uses }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// The crates of the table in `page`, which is Markdown.
pub fn from_table(page: &str) -> Crates {
    let mut crates = Crates::new();
    let rows = page
        .lines()
        .skip_while(|line| *line != HEADER)
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [name, folder, uses] = cells[..] else {
            panic!("{PAGE}: a row of the crates has three cells, not those of {row}");
        };
        let described = Crate {
            folder: in_backticks(folder).concat(),
            uses: in_backticks(uses).into_iter().collect(),
        };
        let name = in_backticks(name).concat();
        assert!(
            crates.insert(name.clone(), described).is_none(),
            "{PAGE}: {name} has two rows"
        );
    }
    crates
}

/// What stands between backticks in a cell.
fn in_backticks(cell: &str) -> Vec<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// Each difference between the table and the manifests, as a sentence.
pub fn differences(table: &Crates, manifests: &Crates) -> Vec<String> {
    let mut found = Vec::new();
    let names: BTreeSet<&String> = table.keys().chain(manifests.keys()).collect();
    for name in names {
        match (table.get(name), manifests.get(name)) {
            (Some(row), Some(manifest)) => {
                if row.folder != manifest.folder {
                    found.push(format!(
                        "{name} is in {}, not in {}",
                        manifest.folder, row.folder
                    ));
                }
                for used in manifest.uses.difference(&row.uses) {
                    found.push(format!("{name} must not depend on {used}"));
                }
                for used in row.uses.difference(&manifest.uses) {
                    found.push(format!("{name} does not depend on {used} any more"));
                }
            }
            (Some(_), None) => found.push(format!("{name} is not in the workspace any more")),
            (None, _) => found.push(format!("{name} has no row")),
        }
    }
    found
}
