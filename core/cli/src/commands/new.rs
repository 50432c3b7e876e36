//! `protea runners new`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use protea_core::{
    contracts::{CONTRACT_VERSION, descriptor::is_legal_name},
    store::Staging,
};
use serde_json::json;

use crate::{
    args::NewArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, shown},
};

/// What is written: the path in the crate, and the template.
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

/// Writes a runner's crate, whole or not at all.
pub fn new(args: &NewArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let name = &args.name;
    if !is_legal_name(name.as_bytes()) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{name:?} cannot be a runner's name: use lower-case letters, digits, '-' and '_', \
                 beginning with a letter, at most 64"
            ),
        ));
    }
    let directory = std::path::absolute(args.path.as_deref().unwrap_or(Path::new(name)))
        .map_err(|error| Failure::new(Exit::Usage, format!("--path: {error}")))?;
    let contracts = match &args.contracts {
        Some(given) => Some(given_contracts(given)?),
        None => contracts_above_the_executable(),
    };
    if contracts.is_none() {
        reporter.note(
            "the executable is not in protea's repository, so the crate depends on \
             protea-contracts by version; give the repository's folder with --contracts to \
             depend on it by path",
        );
    }
    let blanks = Blanks::new(name, contracts.as_deref())?;
    let staging = Staging::begin(&directory)?;
    for (path, template) in FILES {
        let path = staging.path().join(path);
        write(&path, &blanks.fill(template)).map_err(|error| {
            Failure::new(
                Exit::Output,
                format!("{} cannot be written: {error}", shown(&path)),
            )
        })?;
    }
    staging.publish()?;
    Ok(Report {
        text: format!(
            "the runner {name:?} is in {}; go on with\n\n  cd {}\n  cargo test\n  cargo build \
             --release\n  protea runners install target/release/{}\n  protea run {name}\n",
            shown(&directory),
            shown(&directory),
            blanks.library
        ),
        json: json!({
            "name": name,
            "directory": directory,
            "package": blanks.package,
            "library": blanks.library,
            "contracts": contracts,
        }),
    })
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

/// What goes into the blanks of the templates.
struct Blanks {
    name: String,
    /// Not the name alone, which may be a keyword or a crate that the runner depends on.
    package: String,
    library: String,
    contracts: String,
    cafa: String,
    conformance: String,
}

impl Blanks {
    fn new(name: &str, contracts: Option<&Path>) -> Result<Self, Failure> {
        let package = format!("{name}-runner");
        let beside = |folder: &str, package: &str| {
            let repository = contracts.and_then(Path::parent)?;
            Some(repository.join(folder)).filter(|path| is_package(path, package))
        };
        let cafa = beside("core/cafa", "protea-cafa");
        let conformance = beside("core/conformance", "protea-conformance");
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
        .fold(template.to_owned(), |text, (blank, value)| {
            text.replace(blank, value)
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
                "the path {} is not UTF-8 and cannot stand in a Cargo.toml; give another with \
                 --contracts",
                path.display()
            ),
        )
    })?;
    // A string of JSON is one of TOML.
    Ok(format!("{{ path = {} }}", json!(text)))
}

fn given_contracts(given: &Path) -> Result<PathBuf, Failure> {
    let real = given.canonicalize().ok();
    real.filter(|path| is_package(path, "protea-contracts"))
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!(
                    "--contracts {} is not the folder of the crate protea-contracts; give the \
                     folder `contracts` of protea's repository",
                    given.display()
                ),
            )
        })
}

/// `contracts` of the repository in whose `target` the executable lies.
fn contracts_above_the_executable() -> Option<PathBuf> {
    let executable = env::current_exe().ok()?.canonicalize().ok()?;
    let mut above = executable.ancestors().skip(1);
    above.find_map(|directory| {
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
    fn no_blank_is_left_in_any_file() {
        let blanks = Blanks::new("my-method", Some(Path::new("/a \"b\"/contracts"))).unwrap();
        assert_eq!(blanks.contracts, r#"{ path = "/a \"b\"/contracts" }"#);
        for (path, template) in FILES {
            let filled = blanks.fill(template);
            assert!(!filled.contains("{{"), "{path}: {filled}");
        }
    }
}
