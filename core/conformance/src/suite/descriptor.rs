//! The descriptor in the file, which a host reads without running the runner's code.

use std::path::Path;

use protea_core::{
    Catalog, CatalogError, SearchPath,
    catalog::{self, Unusable},
    contracts::descriptor::is_legal_name,
};

use super::scope;
use crate::{Checked, Subject, Verdict};

scope! {
    /// The descriptor in the file.
    DescriptorTest {
        /// The file is a complete library for this machine with a descriptor that can be read without loading it
        Readable = "descriptor/readable" => readable,
        /// Name and versions are valid, and the summary is not empty
        Legal = "descriptor/legal" => legal,
        /// No other file in its directory, or checked with it, has the same runner name
        Unique = "descriptor/unique" => unique,
        /// The loaded runner describes itself as the descriptor in the file does
        Agrees = "descriptor/agrees" => agrees,
    }
}

fn readable(subject: &Subject) -> Checked {
    let expected = "a complete shared library for this machine with a descriptor in it";
    match subject.inspected() {
        catalog::Verdict::Runner(_) => Ok(Verdict::passed()),
        catalog::Verdict::Incompatible { mismatch, .. } => Err(Verdict::failed(
            "a contract version that this host supports",
            mismatch.to_string(),
            "build the runner and the host against contracts of the same major version",
        )),
        catalog::Verdict::NotARunner => Err(Verdict::failed(
            expected,
            "a shared library without a descriptor",
            "end the crate's lib.rs with `export_runner!`, and give it crate-type = [\"cdylib\"]",
        )),
        catalog::Verdict::Unusable(unusable) => Err(Verdict::failed(
            expected,
            unusable.to_string(),
            match unusable {
                Unusable::Unreadable(_) => "check the path and its permissions",
                Unusable::Descriptor(_) => "let `export_runner!` write the descriptor",
                _ => "rebuild it for this machine",
            },
        )),
    }
}

fn legal(subject: &Subject) -> Checked {
    let descriptor = subject.entry()?.descriptor;
    if !is_legal_name(descriptor.name.as_bytes()) {
        return Err(Verdict::failed(
            "a name of at most 64 lower-case letters, digits, '-' and '_' that starts with a letter",
            format!("the name {:?}", descriptor.name),
            "give `export_runner!` another `name`",
        ));
    }
    for (what, version) in [
        ("version", &descriptor.version),
        ("contract version", &descriptor.contract_version),
    ] {
        if let Err(error) = semver::Version::parse(version) {
            return Err(Verdict::failed(
                format!("a {what} that is a semantic version, such as 1.0.0"),
                format!("{version:?}: {error}"),
                "set `version` in Cargo.toml, or give it to `export_runner!`",
            ));
        }
    }
    if descriptor.summary.trim().is_empty() {
        return Ok(Verdict::warning(
            "the summary is empty, so a list of runners cannot show what this one does; set `description` in Cargo.toml",
        ));
    }
    Ok(Verdict::passed())
}

fn unique(subject: &Subject) -> Checked {
    let name = subject.entry()?.descriptor.name;
    let twice = |first: &Path, second: &Path| {
        Verdict::failed(
            "one file for each name: a host does not choose between two",
            format!(
                "{} and {} are both {name:?}",
                first.display(),
                second.display()
            ),
            "remove one of the files, or give one runner another name",
        )
    };
    if let Some(directory) = subject.path.parent() {
        let beside = Catalog::scan(&SearchPath::empty().with(directory)).allowing_insecure();
        if let Err(CatalogError::Duplicate { first, second, .. }) = beside.find(&name) {
            return Err(twice(&first, &second));
        }
    }
    let same = |path: &&std::path::PathBuf| match catalog::inspect(path) {
        catalog::Verdict::Runner(other) => other.name == name,
        _ => false,
    };
    match subject.others.iter().find(same) {
        Some(other) => Err(twice(&subject.path, other)),
        None => Ok(Verdict::passed()),
    }
}

fn agrees(subject: &Subject) -> Checked {
    match subject.load() {
        Err(verdict) if subject.descriptor_lies() => Err(verdict),
        _ => subject.runner().map(|_| Verdict::passed()),
    }
}
