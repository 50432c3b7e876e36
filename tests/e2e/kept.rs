//! Runners and hosts built for earlier contracts, kept as binaries: older runners load in today's
//! host, and today's runners in older hosts.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use flate2::read::GzDecoder;
use protea_e2e::{Place, built, in_repository, library, test, train};
use serde_json::{Value, json};

const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

/// Whether the kept binaries can run here; says so if they cannot.
fn can_run() -> bool {
    let can = cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    ));
    if !can {
        eprintln!("SKIPPED: the kept binaries are for Linux on x86-64 with glibc");
    }
    can
}

/// Unpacks a kept binary into a directory of its own, so that it can be found as a runner.
fn unpack(place: &Place, kept: &str, file: &str) -> PathBuf {
    let directory = place.join(kept);
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(file);
    let packed = in_repository("tests/e2e/kept").join(format!("{kept}.gz"));
    let mut unpacked = File::create(&path).unwrap();
    let mut reader = GzDecoder::new(File::open(&packed).unwrap());
    std::io::copy(&mut reader, &mut unpacked).unwrap();
    path
}

#[test]
fn older_runners_run_in_todays_host() {
    if !can_run() {
        return;
    }
    let (train, test) = (train(), test());
    let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
    for version in VERSIONS {
        let place = Place::new();
        let file = library("kept_runner");
        let file = unpack(&place, &format!("runner-{version}.so"), &file);
        let directory = file.parent().unwrap().to_str().unwrap();
        let runners = ["--runner-dir", directory, "--json"];
        let info = ["runners", "info", "kept"];
        let info = place.protea(info.iter().chain(&runners)).json();
        assert_eq!(info["contract_version"], version);

        for isolation in ["worker", "in-process"] {
            let protea = |arguments: &[&str]| {
                let isolation = ["--isolation", isolation];
                place.protea(arguments.iter().chain(&runners).chain(&isolation))
            };
            let run = |bonus: &str| {
                let spec = ["run", "kept", "--set", bonus];
                protea(&[&spec[..], &["--train", train, "--eval", test]].concat())
            };
            let ran = run("bonus=0.5").json();
            assert_eq!(
                ran["metrics"]["bonus"], 0.5,
                "{version} {isolation}: {ran:#}"
            );

            // Errors and panics cross as they did.
            let fit = ["fit", "kept", "--set", "bonus=-1", "--train", train];
            protea(&fit).fails_with(3, &["the setting bonus is invalid", "it is negative"]);
            run("bonus=13").fails_with(1, &["panicked at", "on purpose"]);

            let run_id = ran["run_id"].as_str().unwrap();
            let explained = protea(&["explain", run_id, "P1", "--dataset", test]);
            if version == "1.0.0" {
                let too_old = "built for a contract before 1.1.0";
                explained.fails_with(1, &["explain is not supported", too_old]);
            } else {
                assert!(explained.stdout.contains("T:1"), "{explained:#?}");
            }
            let predicted = protea(&["predict", run_id, "--dataset", test, "-o", "out.tsv"]);
            let too_old = format!("it was built for contract {version}");
            predicted.fails_with(4, &["does not predict", &too_old, "since 1.2.0"]);
        }
    }
}

#[test]
fn todays_runners_run_in_older_hosts() {
    if !can_run() {
        return;
    }
    for version in VERSIONS {
        let place = Place::new();
        let host = unpack(&place, &format!("host-{version}"), "host");
        make_executable(&host);
        let ask = |runner: &str, spec: Value, name: &str| -> Value {
            let output = place.join(name);
            fs::create_dir_all(&output).unwrap();
            link(&train(), &output.join("dataset"));
            let library = built().join(library(runner));
            let answered = Command::new(&host)
                .args([&library, &output])
                .arg(spec.to_string())
                .output()
                .unwrap();
            assert!(answered.status.success(), "{version}: {answered:?}");
            serde_json::from_slice(&answered.stdout).unwrap()
        };
        let toy = ask("protea_toy", json!({}), "toy");
        assert_eq!(toy["host_contract"], version, "{toy:#}");
        assert_eq!(toy["contract"], protea_contracts::CONTRACT_VERSION);
        assert!(toy["evaluate"]["MFO"]["fmax"].is_number(), "{toy:#}");
        assert_eq!(toy["export"], json!(["spec", "model", "run"]), "{toy:#}");

        // An error of today is understood, whatever its kind.
        let refused = ask("protea_toy", json!({ "no_such": 1 }), "refused");
        let refused = refused["fit"].as_str().unwrap();
        assert!(refused.contains("the spec is invalid"), "{refused}");
    }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) {
    std::os::unix::fs::symlink(target, at).unwrap();
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) {
    unreachable!("the kept binaries do not run here")
}

#[cfg(unix)]
fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn make_executable(_: &Path) {}
