//! Plans that are exported are done by the engine that they are exported for, and give what a local run
//! gives.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use protea_e2e::{Ran, built, library};
use serde_json::Value;

use super::{records::same_by_engine, setup::Planned};

/// A search some of whose trials fail. One thread, since runs record how many they may use.
pub const SEARCH: &str = "search parabola --runner-dir runners --random 12 --space x=0.0..1.0 \
                          --space n=1..20 --seed 7 --threads 1 --quiet --json";

/// A search that plans ten trials, then four, then one.
pub const GENERATIONS: &str = "search parabola --runner-dir runners --tpe 15 --space x=0.0..0.8 \
                               --space n=1..20 --threads 1 --json --quiet";

/// A name that each format has to quote.
const PLAN: &str = "pl an$(x)'\"\n{y} `%A` #é";

/// A plan of twelve trials in a directory that has to be quoted.
///
/// Its files call a program that notes each start of tasks, and ends the first attempt at the first tasks
/// with exit code 75.
pub struct Exported {
    pub planned: Planned,
    pub local: Value,
}

impl Exported {
    pub fn new(search: &str, target: &str, per_index: &str) -> Self {
        let planned = Planned::new();
        let local = planned
            .protea(&format!("{search} --workspace local"))
            .json();
        let words = format!("{search} --workspace w --plan");
        let arguments = words.split_whitespace().chain([PLAN]);
        planned.place.protea(arguments).succeeds();
        let program = format!(
            "#!/bin/sh\nif [ \"$1\" = task ]; then\n    echo \"$4\" >>'{root}/starts'\n    \
             if [ \"${{4%%,*}}\" = 0 ] && [ ! -e '{root}/tried' ]; then\n        \
             : >'{root}/tried'\n        exit 75\n    fi\nfi\nexec '{protea}' \"$@\"\n",
            root = planned.place.path().display(),
            protea = built().join("protea").display(),
        );
        executable(&planned.place.write("a program", program));
        let exported = Self { planned, local };
        exported.export(target, per_index).succeeds();
        exported
    }

    pub fn export(&self, target: &str, per_index: &str) -> Ran {
        let program = self.planned.place.join("a program");
        self.planned.place.protea([
            "plan",
            "export",
            PLAN,
            "--for",
            target,
            "--per-index",
            per_index,
            "--program",
            program.to_str().unwrap(),
            "--quiet",
        ])
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.planned.place.join(PLAN).join(name)
    }

    /// Runs a program with the file of an engine.
    pub fn run(&self, mut command: Command) -> Ran {
        command.current_dir(self.planned.place.path());
        Ran::from(command.output().unwrap())
    }

    pub fn starts(&self) -> Vec<String> {
        let text = fs::read_to_string(self.planned.place.join("starts")).unwrap_or_default();
        let mut starts: Vec<String> = text.lines().map(str::to_owned).collect();
        starts.sort();
        starts
    }

    /// The results are those of the local run, and each task was begun once, but for the first attempt.
    pub fn assert_same_as_local(&self, starts: &[&str]) {
        assert_eq!(self.starts(), starts);
        let gathered = self
            .planned
            .place
            .protea(["gather", PLAN, "--json", "--quiet"]);
        same_by_engine(&self.local, &gathered.json(), &self.planned.place);
    }
}

pub fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The Python of the tests, with its directory of programs. `None` if it does not have a module; fails if
/// this is CI.
pub fn python_with(module: &str) -> Option<PathBuf> {
    let python = env::var_os("PROTEA_TEST_PYTHON").filter(|path| !path.is_empty());
    let found = python.map(PathBuf::from).filter(|python| {
        let find = format!("import importlib.util as i; exit(not i.find_spec('{module}'))");
        let status = Command::new(python).args(["-c", &find]).output();
        status.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        skipped(&format!("PROTEA_TEST_PYTHON names no Python with {module}"));
    }
    found
}

/// A program that the tests' script installs. `None` if it is missing; fails if this is CI.
fn program(name: &str, variable: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|directory| directory.join(name));
    let found = named.into_iter().chain(on_path).find(|file| file.is_file());
    if found.is_none() {
        skipped(&format!("{name} is not installed"));
    }
    found
}

fn skipped(reason: &str) {
    let message = format!("*** SKIPPED: {reason}; tests/run installs it ***");
    assert!(env::var("CI").as_deref() != Ok("true"), "{message}");
    eprintln!("{message}");
}

/// Five tasks a process, and a second attempt at the first five.
const STARTS: [&str; 4] = ["0,1,2,3,4", "0,1,2,3,4", "10,11", "5,6,7,8,9"];

#[test]
fn gnu_parallel_does_an_exported_plan() {
    let Some(_) = program("parallel", "PROTEA_TEST_PARALLEL") else {
        return;
    };
    let exported = Exported::new(SEARCH, "parallel", "5");
    let script = || {
        let mut command = Command::new("sh");
        command
            .arg(exported.file("parallel.sh"))
            .args(["--jobs", "2"]);
        exported.run(command)
    };
    let ran = script();
    assert!(ran.stdout.contains("best"), "{ran:?}");
    ran.succeeds();
    exported.assert_same_as_local(&STARTS);
    // Called again, it does nothing.
    script().succeeds();
    exported.assert_same_as_local(&STARTS);
}

#[test]
fn gnu_parallel_does_generation_after_generation() {
    let Some(_) = program("parallel", "PROTEA_TEST_PARALLEL") else {
        return;
    };
    let exported = Exported::new(GENERATIONS, "parallel", "10");
    let mut command = Command::new("sh");
    command.arg(exported.file("parallel.sh"));
    exported.run(command).succeeds();
    let first = "0,1,2,3,4,5,6,7,8,9";
    exported.assert_same_as_local(&[first, first, "10,11,12,13", "14"]);
}

#[test]
fn hyperqueue_does_an_exported_plan() {
    let Some(python) = python_with("hyperqueue") else {
        return;
    };
    let exported = Exported::new(SEARCH, "hyperqueue", "5");
    let server = "import subprocess, sys\n\
                  from hyperqueue.cluster import LocalCluster, WorkerConfig\n\
                  with LocalCluster() as cluster:\n    \
                      cluster.start_worker(WorkerConfig(cores=2))\n    \
                      words = [sys.executable, sys.argv[1], cluster.cluster.server_dir]\n    \
                      sys.exit(subprocess.run(words).returncode)\n";
    let mut command = Command::new(python);
    command
        .args(["-c", server])
        .arg(exported.file("hq_plan.py"))
        .env("HOME", exported.planned.place.path())
        .env("TMPDIR", exported.planned.place.path());
    exported.run(command).succeeds();
    exported.assert_same_as_local(&STARTS);
}

#[test]
fn snakemake_does_an_exported_plan() {
    let Some(python) = python_with("snakemake") else {
        return;
    };
    let exported = Exported::new(SEARCH, "snakemake", "5");
    let snakemake = || {
        let mut command = Command::new(python.with_file_name("snakemake"));
        command
            .args(["--cores", "2", "--snakefile"])
            .arg(exported.file("Snakefile"))
            .env("HOME", exported.planned.place.path());
        exported.run(command)
    };
    // The runner has changed: its tasks end with 65, and nothing is recorded.
    let place = &exported.planned.place;
    let runner = place.join("runners").join(library("parabola"));
    let original = fs::read(&runner).unwrap();
    fs::write(&runner, [&original, &b" "[..]].concat()).unwrap();
    let refused = snakemake();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("the file of the runner"),
        "{refused:?}"
    );
    let work = exported.file("engine/snakemake");
    for marker in ["0-4.done", "5-9.done", "10-11.done", "gathered-12.done"] {
        assert!(!work.join(marker).exists(), "{marker}: {refused:?}");
    }
    // It is restored. Markers of tasks without results are no reason not to do them.
    fs::write(&runner, original).unwrap();
    for marker in ["0-4.done", "gathered-12.done"] {
        fs::write(work.join(marker), "").unwrap();
    }
    for noted in ["starts", "tried"] {
        fs::remove_file(place.join(noted)).unwrap();
    }
    snakemake().succeeds();
    exported.assert_same_as_local(&STARTS);
    // Called again, it does nothing.
    snakemake().succeeds();
    assert_eq!(exported.starts(), STARTS);
}

#[test]
fn row_does_an_exported_plan() {
    let Some(row) = program("row", "PROTEA_TEST_ROW") else {
        return;
    };
    let exported = Exported::new(SEARCH, "row", "5");
    let project = exported.file("row");
    let call = |words: &str| {
        let mut command = Command::new(&row);
        command
            .args(words.split_whitespace())
            .env("HOME", exported.planned.place.path())
            .current_dir(&project);
        Ran::from(command.output().unwrap())
    };
    let counts = || {
        let shown = call("show status --all --no-header --color never");
        let words = shown.stdout.lines().map(|line| {
            let words = line.split_whitespace().take(5).map(str::to_owned);
            words.collect::<Vec<_>>().join(" ")
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(counts(), ["task 0 0 12 0", "gather 0 0 0 12"]);
    // The first attempt at the first tasks ends with 75, and row ends.
    let first = call("submit --cluster none --yes --action task");
    assert_ne!(first.code, Some(0), "{first:?}");
    call("submit --cluster none --yes --action task").succeeds();
    assert_eq!(counts(), ["task 12 0 0 0", "gather 0 0 12 0"]);
    call("submit --cluster none --yes --action gather").succeeds();
    assert_eq!(counts(), ["task 12 0 0 0", "gather 12 0 0 0"]);
    exported.assert_same_as_local(&STARTS);
    // signac opens it, and exporting again changes nothing that row knows.
    exported.export("row", "5").succeeds();
    call("scan").succeeds();
    assert_eq!(counts(), ["task 12 0 0 0", "gather 12 0 0 0"]);
    if let Some(python) = python_with("signac") {
        let program = "import signac\njobs = list(signac.get_project())\n\
                       print(sorted(job.sp.index for job in jobs), all(job.id == job.path[-32:] for job in jobs))";
        let mut command = Command::new(python);
        command.args(["-c", program]).current_dir(&project);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(
            ran.stdout, "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] True\n",
            "{ran:?}"
        );
    }
    // A task whose result was removed can be done again.
    let result = fs::read_dir(exported.file("results")).unwrap().next();
    fs::remove_dir_all(result.unwrap().unwrap().path()).unwrap();
    exported.export("row", "5").succeeds();
    call("clean --completed").succeeds();
    call("scan").succeeds();
    assert_eq!(counts()[0], "task 11 0 1 0");
}
