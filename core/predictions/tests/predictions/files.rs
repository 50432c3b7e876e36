//! Temporary files of predictions, and the reference in Python.

use std::{
    collections::BTreeMap,
    env, fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Command,
};

use fastrand::Rng;
use protea_predictions::{Session, Source};
use tempfile::TempDir;

/// Accession and term to score.
pub type Rows = BTreeMap<(String, String), f64>;

/// Four aspects' worth of edges: a diamond, `part_of`, an alternative id and an obsolete term.
pub const OBO: &str = "\
format-version: 1.2

[Term]
id: GO:0000001
namespace: molecular_function

[Term]
id: GO:0000002
namespace: molecular_function
alt_id: GO:0000012
is_a: GO:0000001

[Term]
id: GO:0000003
namespace: molecular_function
is_a: GO:0000001

[Term]
id: GO:0000004
namespace: molecular_function
is_a: GO:0000002
is_a: GO:0000003

[Term]
id: GO:0000005
namespace: biological_process

[Term]
id: GO:0000006
namespace: biological_process
is_a: GO:0000005

[Term]
id: GO:0000007
namespace: biological_process
relationship: part_of GO:0000006

[Term]
id: GO:0000008
namespace: cellular_component

[Term]
id: GO:0000009
namespace: cellular_component
is_obsolete: true
";

pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn source(&self, name: &str, content: impl AsRef<[u8]>) -> Source {
        Source::open(&self.write(name, content), self.0.path()).unwrap()
    }
}

pub fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A session with this much memory for rows.
pub fn session(memory: usize) -> Session<'static> {
    let mut session = Session::new(&go_on);
    session.memory = memory;
    session
}

/// Random rows `accession term score`, in random order, with repeated pairs.
pub fn random_lines(random: &mut Rng, count: usize) -> Vec<String> {
    let mut row = || {
        let (protein, term) = (random.u32(0..6), random.u32(1..13));
        let score = f64::from(random.u32(1..1000)) / 1000.0;
        format!("P{protein}\tGO:{term:07}\t{score}\n")
    };
    (0..count).map(|_| row()).collect()
}

/// The rows of a file that the reference wrote.
pub fn read(path: &Path) -> Rows {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let (accession, term) = (fields.next().unwrap(), fields.next().unwrap());
        ((accession, term), fields.next().unwrap().parse().unwrap())
    };
    text.lines().map(row).collect()
}

/// Fails if two results name other pairs or differ by more than a rounded digit.
pub fn assert_close(ours: &Rows, reference: &Rows, what: &str) {
    let keys = |rows: &Rows| rows.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(ours), keys(reference), "{what}");
    for (key, score) in ours {
        assert!((score - reference[key]).abs() < 1.1e-6, "{what}: {key:?}");
    }
}

/// Runs the reference. Returns false, with a note, if there is no Python for it.
pub fn reference(arguments: &[&str]) -> bool {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        assert!(
            env::var_os("CI").is_none(),
            "PROTEA_TEST_PYTHON must name a Python"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has cafaeval ***\n");
        return false;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/predictions/reference.py");
    let output = Command::new(python)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    true
}
