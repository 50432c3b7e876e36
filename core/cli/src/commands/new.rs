//! `protea runners new`.

mod source;

use std::{env, fs, io, path::Path};

use protea_core::{
    Catalog, CatalogError, SearchPath,
    catalog::Origin,
    contracts::descriptor::is_legal_name,
    store::{Staging, StoreError},
};
use serde_json::json;

use self::source::Source;
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

/// A legal name that is like this one, for the end of a message.
fn legal_form(name: &str) -> String {
    let lower = name.to_lowercase();
    let legal = |c: char| {
        if c.is_ascii_alphanumeric() || "-_".contains(c) {
            c
        } else {
            '-'
        }
    };
    let form: String = lower.chars().map(legal).collect();
    let form = form.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if is_legal_name(form.as_bytes()) {
        format!(", such as {form}")
    } else {
        String::new()
    }
}

/// Creates a runner's crate from the templates. The directory appears complete or not at all.
pub fn new(args: &NewArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let name = &args.name;
    if !is_legal_name(name.as_bytes()) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "invalid runner name {name:?}: use at most 64 lower-case letters, digits, '-' and '_', \
                 starting with a letter{}",
                legal_form(name)
            ),
        ));
    }
    let description = description(args)?;
    tell_if_taken(name, reporter)?;
    let directory = std::path::absolute(args.path.as_deref().unwrap_or(Path::new(name)))
        .map_err(|error| Failure::new(Exit::Usage, format!("--path: {error}")))?;
    let source = Source::chosen(args)?;
    let placeholders = Placeholders::new(name, &description, &source)?;
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
            "the runner {name:?} is in {directory}; it depends on protea in {source}\nnext steps:\n\n  \
             cd {directory}\n  cargo test\n  protea runners install target/debug/{library}\n  protea \
             run {name}\n\n`cargo build --release` compiles every dependency a second time; it pays for \
             large datasets.\n",
            directory = display_path(&directory),
            source = source.shown(),
            library = placeholders.library
        ),
        json: json!({
            "name": name,
            "directory": directory.to_string_lossy(),
            "package": placeholders.package,
            "library": placeholders.library,
            "contracts": source.contracts(),
            "sdk": source.json(),
        }),
    })
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

/// The crate's description, which is the runner's summary.
fn description(args: &NewArgs) -> Result<String, Failure> {
    let Some(description) = &args.description else {
        return Ok(format!("TODO: say in one line what {} does", args.name));
    };
    let description = description.trim();
    if description.is_empty() || description.chars().any(char::is_control) {
        return Err(Failure::new(
            Exit::Usage,
            "--description must be one line that is not empty: hosts list it",
        ));
    }
    Ok(description.to_owned())
}

/// Refuses a name whose runner would be found before an installed one, and says if the name belongs to
/// a runner that the new one would replace or hide.
fn tell_if_taken(name: &str, reporter: &Reporter) -> Result<(), Failure> {
    let path = match Catalog::scan(&SearchPath::standard()).find(name) {
        Err(CatalogError::Unknown { .. }) => return Ok(()),
        Ok(entry) if matches!(entry.origin, Origin::User | Origin::System) => {
            let becomes = match entry.origin {
                Origin::User => "replaces",
                _ => "takes precedence over",
            };
            reporter.note(&format!(
                "a runner {name:?} already exists: {}; the new one {becomes} it when it is installed",
                display_path(&entry.path)
            ));
            return Ok(());
        }
        Ok(entry) => format!(": {}", display_path(&entry.path)),
        Err(_) => String::new(),
    };
    Err(Failure::new(
        Exit::Usage,
        format!(
            "the name {name:?} is taken by a runner that takes precedence over an installed one{path}; \
             choose another name, `protea runners list` shows those that are taken"
        ),
    ))
}

/// The values of the templates' placeholders.
struct Placeholders {
    name: String,
    description: String,
    /// Longer than the name, which may be a keyword or the name of a dependency.
    package: String,
    library: String,
    contracts: String,
    cafa: String,
    /// The command that installs `protea` from where the dependencies come from.
    install: String,
}

impl Placeholders {
    fn new(name: &str, description: &str, source: &Source) -> Result<Self, Failure> {
        let package = format!("{name}-runner");
        Ok(Self {
            name: name.to_owned(),
            // Every JSON string is a valid TOML string.
            description: json!(description).to_string(),
            library: format!(
                "{}{}{}",
                env::consts::DLL_PREFIX,
                package.replace('-', "_"),
                env::consts::DLL_SUFFIX
            ),
            package,
            contracts: source.dependency("contracts")?,
            cafa: source.dependency("core/cafa")?,
            install: source.install_command(),
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
            ("{{install}}", &self.install),
            // Last: what the user writes is not a template.
            ("{{description}}", &self.description),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (placeholder, value)| {
            text.replace(placeholder, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn every_placeholder_is_filled() {
        let source = Source::Directory(PathBuf::from("/a \"b\""));
        let placeholders = Placeholders::new("my-method", "{{name}} \"x\"", &source).unwrap();
        assert_eq!(placeholders.contracts, r#"{ path = "/a \"b\"/contracts" }"#);
        for (path, template) in FILES {
            let filled = placeholders.fill(template);
            assert!(
                !filled.replace(r#""{{name}} \"x\"""#, "").contains("{{"),
                "{path}: {filled}"
            );
        }
    }
}
