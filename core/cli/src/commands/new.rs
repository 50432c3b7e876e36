//! `protea runners new`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use protea_core::{
    contracts::{CONTRACT_VERSION, descriptor::is_legal_name},
    store::{Staging, StoreError},
};
use serde_json::json;

use crate::{
    args::NewArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, display_path},
};

/// The files of the crate: path and template.
const FILES: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        include_str!("../../templates/runner/Cargo.toml.in"),
    ),
    (
        "README.md",
        include_str!("../../templates/runner/README.md.in"),
    ),
    (
        ".gitignore",
        include_str!("../../templates/runner/gitignore.in"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/runner/src/lib.rs.in"),
    ),
    (
        "tests/runner.rs",
        include_str!("../../templates/runner/tests/runner.rs.in"),
    ),
    (
        "tests/conformance.rs",
        include_str!("../../templates/runner/tests/conformance.rs.in"),
    ),
];

/// Creates a runner's crate from the templates. The directory appears complete or not at all.
pub fn new(args: &NewArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let name = &args.name;
    if !is_legal_name(name.as_bytes()) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "invalid runner name {name:?}: use at most 64 lower-case letters, digits, '-' and '_', \
                 starting with a letter"
            ),
        ));
    }
    let directory = std::path::absolute(args.path.as_deref().unwrap_or(Path::new(name)))
        .map_err(|error| Failure::new(Exit::Usage, format!("--path: {error}")))?;
    let contracts = match &args.contracts {
        Some(directory) => Some(checked_contracts(directory)?),
        None => contracts_of_repository(),
    };
    if contracts.is_none() {
        reporter.note(
            "the executable is not in protea's repository, so the crate depends on \
             protea-contracts by version; to depend on it by path, give the repository's \
             directory `contracts` with --contracts",
        );
    }
    let placeholders = Placeholders::new(name, contracts.as_deref())?;
    let staging = Staging::begin(&directory).map_err(StoreError::from)?;
    for (path, template) in FILES {
        let path = staging.path().join(path);
        write(&path, &placeholders.fill(template)).map_err(|error| {
            Failure::new(
                Exit::Output,
                format!("{} cannot be written: {error}", display_path(&path)),
            )
        })?;
    }
    staging.publish().map_err(StoreError::from)?;
    Ok(Report {
        text: format!(
            "the runner {name:?} is in {}; next steps:\n\n  cd {}\n  cargo test\n  cargo build \
             --release\n  protea runners install target/release/{}\n  protea run {name}\n",
            display_path(&directory),
            display_path(&directory),
            placeholders.library
        ),
        json: json!({
            "name": name,
            "directory": directory.to_string_lossy(),
            "package": placeholders.package,
            "library": placeholders.library,
            "contracts": contracts,
        }),
    })
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

/// The values of the templates' placeholders.
struct Placeholders {
    name: String,
    /// Longer than the name, which may be a keyword or the name of a dependency.
    package: String,
    library: String,
    contracts: String,
    cafa: String,
    conformance: String,
}

impl Placeholders {
    fn new(name: &str, contracts: Option<&Path>) -> Result<Self, Failure> {
        let package = format!("{name}-runner");
        let in_repository = |directory: &str, package: &str| {
            let repository = contracts.and_then(Path::parent)?;
            Some(repository.join(directory)).filter(|path| is_package(path, package))
        };
        let cafa = in_repository("core/cafa", "protea-cafa");
        let conformance = in_repository("core/conformance", "protea-conformance");
        Ok(Self {
            name: name.to_owned(),
            library: format!(
                "{}{}{}",
                env::consts::DLL_PREFIX,
                package.replace('-', "_"),
                env::consts::DLL_SUFFIX
            ),
            package,
            contracts: dependency(contracts)?,
            cafa: dependency(cafa.as_deref())?,
            conformance: dependency(conformance.as_deref())?,
        })
    }

    fn fill(&self, template: &str) -> String {
        [
            ("{{name}}", &self.name),
            ("{{package}}", &self.package),
            ("{{crate}}", &self.package.replace('-', "_")),
            ("{{library}}", &self.library),
            ("{{contracts}}", &self.contracts),
            ("{{cafa}}", &self.cafa),
            ("{{conformance}}", &self.conformance),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (placeholder, value)| {
            text.replace(placeholder, value)
        })
    }
}

/// The right-hand side of a dependency in `Cargo.toml`.
fn dependency(path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else {
        return Ok(format!("{CONTRACT_VERSION:?}"));
    };
    let text = path.to_str().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!(
                "the path {} is not UTF-8, which Cargo.toml does not allow; give another with \
                 --contracts",
                path.display()
            ),
        )
    })?;
    // Every JSON string is a valid TOML string.
    Ok(format!("{{ path = {} }}", json!(text)))
}

fn checked_contracts(directory: &Path) -> Result<PathBuf, Failure> {
    let real = directory.canonicalize().ok();
    real.filter(|path| is_package(path, "protea-contracts"))
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!(
                    "--contracts {} is not the directory of the crate protea-contracts; give the \
                     directory `contracts` of protea's repository",
                    directory.display()
                ),
            )
        })
}

/// The directory `contracts` of the repository that the executable was built in.
fn contracts_of_repository() -> Option<PathBuf> {
    let executable = env::current_exe().ok()?.canonicalize().ok()?;
    let mut ancestors = executable.ancestors().skip(1);
    ancestors.find_map(|directory| {
        Some(directory.join("contracts")).filter(|path| is_package(path, "protea-contracts"))
    })
}

fn is_package(directory: &Path, name: &str) -> bool {
    fs::read_to_string(directory.join("Cargo.toml"))
        .is_ok_and(|manifest| manifest.contains(&format!("name = \"{name}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled() {
        let placeholders =
            Placeholders::new("my-method", Some(Path::new("/a \"b\"/contracts"))).unwrap();
        assert_eq!(placeholders.contracts, r#"{ path = "/a \"b\"/contracts" }"#);
        for (path, template) in FILES {
            let filled = placeholders.fill(template);
            assert!(!filled.contains("{{"), "{path}: {filled}");
        }
    }
}
