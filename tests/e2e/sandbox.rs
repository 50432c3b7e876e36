//! The sandbox: a worker has what it needs, and cannot reach anything else.

mod probes;

use std::{
    fs,
    net::TcpListener,
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{
    Place, Ran, build_own_workspace, built, in_repository, library, share_builds, test, train,
};
use serde_json::Value;

/// Whether this kernel supports a strict sandbox. If not, `strict` must be an error.
fn kernel_has_it() -> bool {
    let place = Place::new();
    let ran = place.protea(["runners", "info", "toy", "--sandbox=strict"]);
    if ran.code == Some(0) {
        return true;
    }
    ran.fails_with(4, &["strict sandbox is not available on this system"]);
    eprintln!("SKIPPED: this kernel has no strict sandbox: {}", ran.stderr);
    false
}

#[test]
fn the_shipped_runners_work_in_a_strict_sandbox() {
    if !kernel_has_it() {
        return;
    }
    let (train, test) = (train(), test());
    let data = [
        "--train",
        train.to_str().unwrap(),
        "--eval",
        test.to_str().unwrap(),
    ];
    for runner in ["toy", "baseline", "knn"] {
        let run = |more: &[&str]| {
            let place = Place::new();
            let arguments = ["run", runner, "--json"];
            let arguments = arguments.iter().chain(&data).chain(more);
            place.protea(arguments).json()["metrics"].take()
        };
        assert_eq!(run(&["--sandbox=strict"]), run(&[]), "{runner}");
    }
}

#[test]
fn an_exported_model_works_in_a_strict_sandbox() {
    if !kernel_has_it() {
        return;
    }
    let place = Place::new();
    let (train, test) = (train(), test());
    let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
    let fitted = place
        .protea(["fit", "knn", "--train", train, "--sandbox=strict", "--json"])
        .json();
    let model = fitted["model_uri"].as_str().unwrap();
    let sandbox = "--sandbox=strict";
    let exported = [
        "export", "knn", "--model", model, "--output", "exported", sandbox,
    ];
    assert_eq!(place.protea(exported).code, Some(0));
    let scores = |model| {
        let arguments = [
            "evaluate", "knn", "--model", model, "--eval", test, sandbox, "--json",
        ];
        place.protea(arguments).json()["metrics"].take()
    };
    assert_eq!(scores("exported"), scores(model));
}

#[test]
fn a_worker_in_a_sandbox_does_not_get_what_lies_outside() {
    if !kernel_has_it() {
        return;
    }
    let place = Place::new();
    let secret = place.write("secret", "secret");
    let new = place.join("new");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp = tcp.local_addr().unwrap().to_string();
    let socket = place.join("socket");
    let _listening = UnixListener::bind(&socket).unwrap();
    let example = train().join("dataset.json");
    let text = |path: &Path| path.to_str().unwrap().to_owned();

    for (what, at, inside) in [
        ("read", text(&secret), false),
        ("list", text(place.path()), false),
        ("write", text(&new), false),
        ("write in a thread", text(&new), false),
        ("rename", text(&new), false),
        ("truncate", text(&secret), false),
        ("remove", text(&secret), false),
        ("start", "/bin/true".to_owned(), false),
        ("tcp", tcp, false),
        ("udp", "127.0.0.1:0".to_owned(), false),
        ("unix", text(&socket), false),
        ("read", text(&example), true),
        ("write output", String::new(), true),
        ("copy", String::new(), true),
        ("chmod", text(&secret), false),
        ("chown", text(&secret), false),
    ] {
        assert!(
            reached(&place, what, &at, &[]),
            "{what} {at}: the test itself does not reach"
        );
        fs::write(&secret, "secret").unwrap();
        let _ = fs::remove_file(&new);
        let got = reached(&place, what, &at, &["--sandbox=strict"]);
        assert_eq!(got, inside, "{what} {at}");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
        assert!(!new.exists());
    }
}

#[test]
fn a_killed_host_leaves_no_sandboxed_processes_behind() {
    if !kernel_has_it() {
        return;
    }
    let place = Place::new();
    let mark = format!("PROTEA_TEST_PLACE={}", place.path().display());
    let with = |wanted: &[&str]| {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let environments =
            processes.filter_map(|entry| fs::read(entry.path().join("environ")).ok());
        let has_all = |environment: &Vec<u8>| {
            let variables = || environment.split(|&byte| byte == 0);
            let has = |wanted: &&str| variables().any(|found| found == wanted.as_bytes());
            wanted.iter().all(has)
        };
        environments.filter(has_all).count()
    };
    let left = || with(&[&mark]);
    let comes_true = |condition: &dyn Fn() -> bool, seconds: u64| {
        let until = Instant::now() + Duration::from_secs(seconds);
        while !condition() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        condition()
    };
    let mut protea = Command::new(built().join("protea"))
        .args(["fit", "reacher", "--sandbox=strict", "--runner-dir"])
        .arg(reacher())
        .arg("--train")
        .arg(train())
        .args(["--set", "what=leave and hang"])
        .env("PROTEA_TEST_PLACE", place.path())
        .current_dir(place.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The command, the keeper, the worker, and the child that left the worker's group.
    let all = comes_true(&|| left() == 4, 120);
    // All but the command.
    let asleep_while_waiting = with(&[&mark, "OMP_WAIT_POLICY=PASSIVE"]);
    protea.kill().unwrap();
    protea.wait().unwrap();
    assert!(all, "the test itself did not get as far");
    if std::env::var_os("OMP_WAIT_POLICY").is_none() {
        assert_eq!(asleep_while_waiting, 3);
    }
    assert!(
        comes_true(&|| left() == 0, 120),
        "{} processes are left",
        left()
    );
}

#[test]
fn modes_and_times_of_files_stay_as_they_are_in_a_sandbox() {
    if !kernel_has_it() {
        return;
    }
    // The dataset can be read, so that its files can be opened.
    let file = train().join("dataset.json");
    let state = || {
        let metadata = fs::metadata(&file).unwrap();
        (metadata.permissions(), metadata.modified().unwrap())
    };
    let before = state();
    for (what, answered) in [
        ("chmod", false),
        ("touch", false),
        ("fchmod", true),
        ("chattr", false),
    ] {
        let at = file.to_str().unwrap();
        let got = reached(&Place::new(), what, at, &["--sandbox=strict"]);
        assert_eq!((got, state()), (answered, before.clone()), "{what}");
    }
}

#[test]
fn only_a_sandbox_denies_attributes_and_any_worker_its_parent() {
    let place = Place::new();
    let file = place.write("file", "text");
    let at = file.to_str().unwrap();
    assert!(
        reached(&place, "chattr", at, &[]),
        "or the test above says nothing"
    );
    assert!(!reached(&place, "signal its parent", at, &[]));
}

#[test]
fn a_model_is_not_answered_that_lies_elsewhere() {
    let place = Place::new();
    let secret = place.write("secret", "secret");
    let elsewhere = [
        secret.to_str().unwrap(),
        place.join("none").to_str().unwrap(),
    ]
    .map(|at| format!("at={}", Value::from(at)));
    for (at, reason) in elsewhere.iter().zip(["is outside", "cannot be read"]) {
        for more in [&["--isolation=in-process"][..], &[]] {
            let ran = fit_reacher(&place, &["--set", "what=answer", "--set", at], more);
            ran.fails_with(1, &["the runner broke the contract", reason]);
        }
    }
}

#[test]
fn a_short_call_is_also_held_to_its_output_limit() {
    let place = Place::new();
    let ran = fit_reacher(&place, &["--set", "what=flood"], &["--output-limit=1MiB"]);
    ran.fails_with(1, &["exceeded its output limit of 1 MiB"]);
}

/// Runs the command where a process can create no user namespace. `None` if this test cannot make such
/// a place, which takes a user namespace.
fn without_namespaces(place: &Place, arguments: &[&str]) -> Option<Ran> {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"";
    let inside = |program: &Path, arguments: &[&str]| {
        let mut command = place.command(Path::new("unshare"));
        command.args(["--user", "--map-root-user", "sh", "-c", script]);
        command.arg(program).args(arguments).output().unwrap()
    };
    if !inside(Path::new("true"), &[]).status.success() {
        eprintln!("SKIPPED: this system has no user namespaces for this user");
        return None;
    }
    Some(Ran::from(inside(&built().join("protea"), arguments)))
}

#[test]
fn a_strict_sandbox_names_what_the_system_lacks() {
    if !kernel_has_it() {
        return;
    }
    let place = Place::new();
    let arguments = ["runners", "info", "toy", "--sandbox=strict"];
    let Some(refused) = without_namespaces(&place, &arguments) else {
        return;
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let parts = [
        "strict sandbox is not available on this system (linux",
        release.trim(),
        "refuses new user and IPC namespaces",
        "--sandbox restricts what this system supports",
    ];
    refused.fails_with(4, &parts);
    let train = train();
    let arguments = [
        "fit",
        "toy",
        "--sandbox",
        "--train",
        train.to_str().unwrap(),
    ];
    let incomplete = without_namespaces(&place, &arguments).unwrap();
    assert_eq!(incomplete.code, Some(0), "{incomplete:#?}");
    assert!(
        incomplete
            .stderr
            .contains("the sandbox is incomplete: the kernel refuses new user"),
        "{incomplete:#?}"
    );
}

#[test]
fn the_session_limit_on_files_is_an_error_and_not_a_signal() {
    let place = Place::new();
    let train = train();
    let mut command = place.command(Path::new("/bin/sh"));
    command.args(["-c", "ulimit -f 1; exec \"$0\" \"$@\""]);
    command.arg(built().join("protea"));
    let long = format!("--notes={}", "x".repeat(4096));
    command.args(["fit", "toy", &long, "--train", train.to_str().unwrap()]);
    let ran = Ran::from(command.output().unwrap());
    ran.fails_with(5, &["File too large"]);
}

#[test]
fn a_runner_gets_named_variables_and_the_run_records_them() {
    let place = Place::new();
    let train = train();
    let run = |more: &[&str]| {
        let mut command = place.command(&built().join("protea"));
        command.env("TEST_NAMED", "x").env("TEST_NAMED_TOKEN", "x");
        command.args(["fit", "toy", "--json", "--train", train.to_str().unwrap()]);
        let ran = Ran::from(command.args(more).output().unwrap());
        let manifest = ran.json()["artifacts"]["manifest"].take();
        let manifest = fs::read_to_string(manifest.as_str().unwrap()).unwrap();
        let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
        (manifest["sandbox"]["variables"].take(), ran.stderr)
    };
    let has = |variables: &Value, name: &str| {
        let variables = variables.as_array().unwrap();
        variables.iter().any(|variable| variable == name)
    };
    assert_eq!(run(&[]).0, Value::Null, "without a sandbox, all are passed");
    let (variables, _) = run(&["--sandbox"]);
    assert!(
        has(&variables, "PATH") && !has(&variables, "TEST_NAMED"),
        "{variables}"
    );
    let named = [
        "--sandbox",
        "--sandbox-env=TEST_NAMED",
        "--sandbox-env=TEST_NAMED_TOKEN",
    ];
    let (variables, said) = run(&named);
    assert!(has(&variables, "TEST_NAMED"), "{variables}");
    assert!(!has(&variables, "TEST_NAMED_TOKEN"), "{variables}");
    assert!(
        said.contains("does not get the environment variables TEST_NAMED_TOKEN"),
        "{said}"
    );
}

#[test]
fn a_sandbox_needs_a_worker() {
    Place::new()
        .protea(["run", "toy", "--sandbox", "--isolation", "in-process"])
        .fails_with(
            2,
            &["--isolation in-process does not support --sandbox; leave out this option"],
        );
}

fn reached(place: &Place, what: &str, at: &str, more: &[&str]) -> bool {
    let (what, at) = (
        format!("what={}", Value::from(what)),
        format!("at={}", Value::from(at)),
    );
    let set = ["--set", &what, "--set", &at];
    let run = fit_reacher(place, &set, more).json();
    run["steps"][0]["metrics"]["reached"].as_f64().unwrap() == 1.0
}

fn fit_reacher(place: &Place, set: &[&str], more: &[&str]) -> Ran {
    let directory = reacher().to_str().unwrap();
    let train = train();
    let arguments = ["fit", "reacher", "--json", "--runner-dir", directory];
    let data = ["--train", train.to_str().unwrap()];
    place.protea([&arguments[..], &data, set, more].concat())
}

/// The directory of the runner that tries to reach things outside. Builds it at the first call.
fn reacher() -> &'static Path {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = built().join("reacher");
        fs::create_dir_all(source.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"reacher\"\ndescription = \"Reaches.\"\nversion = \"0.1.0\"\n\
             edition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\n\
             protea-contracts = {{ path = {:?} }}\n[workspace]\n",
            in_repository("contracts")
        );
        fs::write(source.join("Cargo.toml"), manifest).unwrap();
        fs::write(
            source.join("src/lib.rs"),
            include_str!("sandbox/reacher.rs"),
        )
        .unwrap();
        share_builds(&source);
        // Shared with the author's runner, whose dependencies are the same.
        let target = built().join("my-runner");
        build_own_workspace(&source.join("Cargo.toml"), &target);
        let runners = source.join("runners");
        fs::create_dir_all(&runners).unwrap();
        let profile = built().file_name().unwrap();
        let file = library("reacher");
        fs::copy(target.join(profile).join(&file), runners.join(&file)).unwrap();
        runners
    });
    &DIRECTORY
}
