//! The alignment baselines from the command: without their programs, in a sandbox, and stopped.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use protea_e2e::{Place, Ran, built, in_repository, test, train};

const METHODS: [(&str, &str, &str); 3] = [
    ("blast", "blastp", "ncbi-blast+"),
    ("diamond", "diamond", "diamond-aligner"),
    ("mmseqs", "mmseqs", "mmseqs2"),
];

/// The methods whose programs are installed. Prints those that are missing; in CI that is a failure.
pub fn installed() -> impl Iterator<Item = &'static str> {
    let there = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    METHODS
        .into_iter()
        .filter_map(move |(method, program, package)| {
            if there(program) {
                return Some(method);
            }
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "{program} must be on the PATH: apt-get install {package}"
            );
            eprintln!(
                "\n*** SKIPPED: {program} is not on the PATH: apt-get install {package} ***\n"
            );
            None
        })
}

/// `protea` with another PATH.
pub fn protea(place: &Place, path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(built().join("protea"));
    command
        .args(arguments)
        .current_dir(place.path())
        .env_remove("PROTEA_RUNNER_PATH")
        .env_remove("PROTEA_WORKSPACE")
        .env("PROTEA_EXAMPLE_DATA", in_repository("examples/data"))
        .env("XDG_DATA_HOME", place.join("data-home"))
        .env("HOME", place.path())
        .env("PATH", path);
    command
}

#[test]
fn a_missing_program_is_named_with_the_command_that_installs_it() {
    let place = Place::new();
    let nothing = place.join("nothing");
    fs::create_dir(&nothing).unwrap();
    for (method, _, package) in METHODS {
        let set = format!("method={method}");
        let arguments = ["run", "baseline", "--set", &set];
        let ran = Ran::from(protea(&place, &nothing, &arguments).output().unwrap());
        ran.fails_with(1, &["is missing", &format!("apt-get install {package}")]);
    }
    let told = protea(&place, &nothing, &["runners", "info", "baseline"]).output();
    let told = Ran::from(told.unwrap());
    assert!(
        told.stdout.contains("no: apt-get install ncbi-blast+"),
        "{told:#?}"
    );
}

#[test]
fn a_strict_sandbox_changes_no_score() {
    let refused = Place::new().protea(["runners", "info", "toy", "--sandbox=strict"]);
    if refused.code != Some(0) {
        refused.fails_with(4, &["strict sandbox is not available on this system"]);
        eprintln!("SKIPPED: this kernel has no strict sandbox");
        return;
    }
    let (train, test) = (train(), test());
    for method in installed() {
        let set = format!("method={method}");
        let run = |more: &[&str]| {
            let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
            let arguments = [
                "run", "baseline", "--json", "--set", &set, "--train", train, "--eval", test,
            ];
            let place = Place::new();
            place.protea(arguments.iter().chain(more)).json()["metrics"].take()
        };
        assert_eq!(run(&["--sandbox=strict"]), run(&[]), "{method}");
    }
}

#[test]
fn a_database_is_made_once_for_the_runs_of_a_workspace() {
    let sandboxed = Place::new()
        .protea(["runners", "info", "toy", "--sandbox=strict"])
        .code
        == Some(0);
    for method in installed() {
        let place = Place::new();
        let set = format!("method={method}");
        let (train, test) = (train(), test());
        let run = |more: &[&str]| {
            let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
            let arguments = [
                "run", "baseline", "--json", "--set", &set, "--train", train, "--eval", test,
            ];
            let mut run = place.protea(arguments.iter().chain(more)).json();
            let database = run["steps"][0]["extras"]["database"].take();
            (database, run["metrics"].take(), run["model_uri"].take())
        };
        let (database, scores, model) = run(&[]);
        assert_eq!(database, "made", "{method}");
        let (database, again, _) = run(&["--set", "max_hits=499"]);
        assert_eq!((database, &again), ("reused".into(), &scores), "{method}");
        if sandboxed {
            let (database, again, _) = run(&["--sandbox=strict"]);
            assert_eq!((database, &again), ("reused".into(), &scores), "{method}");
        }
        // Each model has its own copy of the database.
        let model = model.as_str().unwrap().trim_start_matches("file://");
        fs::remove_dir_all(Path::new(model).parent().unwrap()).unwrap();
        let (database, again, _) = run(&["--seed", "1"]);
        assert_eq!((database, &again), ("reused".into(), &scores), "{method}");
    }
}

/// A program that never ends and writes its process id to a file when it starts.
pub fn endless(place: &Place) -> (std::path::PathBuf, std::path::PathBuf) {
    let (directory, begun) = (place.join("endless"), place.join("begun"));
    fs::create_dir(&directory).unwrap();
    let program = directory.join("diamond");
    let script = format!(
        "#!/bin/sh\ncase $1 in version) echo diamond version 2.1.3;; *) echo $$ > {}; exec /bin/sleep 1000;; esac\n",
        begun.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (directory, begun)
}

#[test]
fn a_time_limit_ends_the_program_too() {
    let place = Place::new();
    let (path, begun) = endless(&place);
    let arguments = [
        "run",
        "baseline",
        "--set",
        "method=diamond",
        "--time-limit",
        "8s",
    ];
    let ran = Ran::from(protea(&place, &path, &arguments).output().unwrap());
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("exceeded its time limit"), "{ran:#?}");
    assert_gone(&begun);
}

#[test]
fn cancelling_ends_the_program_too() {
    for isolation in ["worker", "in-process"] {
        let place = Place::new();
        let (path, begun) = endless(&place);
        let arguments = [
            "run",
            "baseline",
            "--set",
            "method=diamond",
            "--isolation",
            isolation,
        ];
        let mut running = protea(&place, &path, &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while fs::read_to_string(&begun)
            .unwrap_or_default()
            .trim()
            .is_empty()
        {
            assert!(Instant::now() < deadline, "the program was never started");
            std::thread::sleep(Duration::from_millis(20));
        }
        let id = running.id().to_string();
        let interrupted = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(interrupted.success());
        assert!(!running.wait().unwrap().success());
        assert_gone(&begun);
    }
}

/// Asserts that the process whose id is in the file ends.
pub fn assert_gone(begun: &Path) {
    let process = fs::read_to_string(begun).unwrap();
    let status = Path::new("/proc").join(process.trim()).join("status");
    let deadline = Instant::now() + Duration::from_secs(120);
    while fs::read_to_string(&status).is_ok_and(|status| !status.contains("\nState:\tZ")) {
        assert!(Instant::now() < deadline, "{} goes on", process.trim());
        std::thread::sleep(Duration::from_millis(20));
    }
}
