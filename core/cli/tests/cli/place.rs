//! A temporary directory with its own copy of `protea` and small input files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// Three namespaces, an alternative id, an obsolete term.
pub const ONTOLOGY: &str = "\
format-version: 1.2

[Term]
id: GO:0003674
name: molecular_function
namespace: molecular_function

[Term]
id: GO:0005488
name: binding
namespace: molecular_function
alt_id: GO:0005489
is_a: GO:0003674 ! molecular_function

[Term]
id: GO:0003824
name: catalytic activity
namespace: molecular_function
is_a: GO:0003674 ! molecular_function

[Term]
id: GO:0005575
name: cellular_component
namespace: cellular_component

[Term]
id: GO:0005634
name: nucleus
namespace: cellular_component
is_a: GO:0005575 ! cellular_component

[Term]
id: GO:0000001
name: gone
namespace: molecular_function
is_obsolete: true
";

pub const FASTA: &str = "\
>sp|P00001|ONE_HUMAN One OX=9606
MKTAYIAKQRQISFVKSHFSRQ
>P00002
MSDNEKLLAVAGHHTREDCWYF
>P00003
MGSSHHHHHHSSGLVPRGSHMA
";

pub const TERMS: &str = "\
EntryID\tterm\taspect
P00001\tGO:0005488\tF
P00001\tGO:0005634\tC
P00002\tGO:0003824\tF
P00002\tGO:0003824\tF
P00009\tGO:0003824\tF
P00001\tGO:0000001\tF
";

/// The temporary directory.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        place.write("go.obo", ONTOLOGY);
        place.write("proteins.fasta", FASTA);
        place.write("terms.tsv", TERMS);
        fs::create_dir(place.join("bin")).unwrap();
        // Runners next to the built executable would be on the search path, but only if they were built.
        let built = assert_cmd::cargo::cargo_bin!("protea");
        let own = place.join("bin/protea");
        if fs::hard_link(built, &own).is_err() {
            fs::copy(built, &own).unwrap();
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `protea` in this directory, without the environment variables that it reads.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.join("bin/protea"));
        command.current_dir(self.path()).env("HOME", self.path());
        for variable in [
            "PROTEA_RUNNER_PATH",
            "PROTEA_WORKSPACE",
            "PROTEA_EXAMPLE_DATA",
            "PROTEA_LOG",
            "XDG_DATA_HOME",
            "XDG_CONFIG_HOME",
            "PROTEA_CONFIG",
            "NO_COLOR",
            "CLICOLOR_FORCE",
        ] {
            command.env_remove(variable);
        }
        command.env("SOURCE_DATE_EPOCH", "0");
        command
    }

    pub fn run(&self, line: &str) -> Ran {
        let output = self
            .command()
            .args(line.split_whitespace())
            .output()
            .unwrap();
        Ran::from(output)
    }

    /// The command line that freezes the small inputs.
    pub fn freeze(&self, more: &str) -> Ran {
        self.run(&format!(
            "dataset freeze frozen --name small --ontology go.obo --fasta proteins.fasta \
             --annotations terms.tsv {more}"
        ))
    }

    /// The names of all files that are neither inputs nor the program.
    pub fn new_names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !["bin", "go.obo", "proteins.fasta", "terms.tsv"].contains(&&**name))
            .collect();
        names.sort();
        names
    }
}

/// The exit code and output of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The last message that starts with `error: `, after checking the exit code.
    pub fn error(&self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let at = self.stderr.rfind("error: ");
        let at = at.unwrap_or_else(|| panic!("no error in {self:#?}"));
        self.stderr[at + "error: ".len()..].trim_end().to_owned()
    }
}
