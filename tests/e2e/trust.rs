//! Which runners are dispatched: pinned ones with `--locked`, and none that other users could replace.

use std::fs;

use protea_e2e::{Place, library};
use serde_json::Value;

#[test]
fn locked_takes_the_pinned_file_and_nothing_else() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &["protea_toy"]);
    let file = directory.join(library("protea_toy"));
    let info = |more: &[&str]| {
        let arguments = [
            "runners",
            "info",
            "toy",
            "--runner-dir",
            "runners",
            "--json",
        ];
        place.protea(arguments.iter().chain(more))
    };
    info(&["--locked"]).fails_with(
        4,
        &["there is no lock file runners.lock", "protea runners lock"],
    );

    let pinned = place
        .protea(["runners", "lock", "--runner-dir", "runners", "--json"])
        .json();
    let hash = pinned["runners"]["toy"]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = pinned["runners"]["toy"]["path"].as_str().unwrap();
    assert_eq!(
        place.join(path),
        file,
        "it is kept relative to the lock file"
    );
    assert_eq!(info(&["--locked"]).json()["sha256"], hash.as_str());

    // Bytes behind the end of the library are not loaded, but the file has changed.
    let mut bytes = fs::read(&file).unwrap();
    bytes.push(0);
    fs::write(&file, &bytes).unwrap();
    let changed = info(&[]).json()["sha256"].as_str().unwrap().to_owned();
    assert_ne!(changed, hash);
    info(&["--locked"]).fails_with(4, &[&hash, &changed, "put the pinned file back"]);
    for command in [
        &["run", "toy"][..],
        &["fit", "toy", "--train", "x"],
        &["evaluate", "toy", "--model", "x", "--eval", "x"],
        &["export", "toy", "--model", "x"],
    ] {
        let rest = ["--runner-dir", "runners", "--locked"];
        place
            .protea(command.iter().chain(&rest))
            .fails_with(4, &[&hash, &changed]);
    }

    place.protea(["runners", "lock", "--runner-dir", "runners"]);
    assert_eq!(info(&["--locked"]).json()["sha256"], changed.as_str());
}

#[test]
fn a_runner_that_was_not_there_when_locking_is_refused() {
    let place = Place::new();
    place.runner_directory("runners", &["protea_toy"]);
    let mut lock = place
        .protea(["runners", "lock", "--lock-file", "mine.lock", "--json"])
        .json();
    lock["runners"]
        .as_object_mut()
        .unwrap()
        .remove("toy")
        .unwrap();
    let runners = &lock["runners"];
    let document = serde_json::json!({ "format": 1, "runners": runners });
    place.write("mine.lock", document.to_string());
    let arguments = [
        "runners",
        "info",
        "toy",
        "--locked",
        "--lock-file",
        "mine.lock",
    ];
    place
        .protea(arguments)
        .fails_with(4, &["not pinned in mine.lock", "has SHA-256"]);
    let arguments = [
        "runners",
        "info",
        "knn",
        "--locked",
        "--lock-file",
        "mine.lock",
    ];
    assert_eq!(place.protea(arguments).code, Some(0));
    // It would be ignored silently.
    place
        .protea(["runners", "info", "toy", "--lock-file", "mine.lock"])
        .fails_with(2, &["--locked"]);
}

#[test]
fn a_lock_file_that_is_none_is_named_with_what_is_wrong() {
    let place = Place::new();
    let hash = "0".repeat(64);
    let pin = |name: &str, hash: &str| {
        format!(
            r#"{{"format":1,"runners":{{"{name}":{{"version":"1","sha256":"{hash}","path":"x"}}}}}}"#
        )
    };
    for (text, part) in [
        (String::new(), "EOF"),
        ("[[runner]]".to_owned(), "line 1"),
        (r#"{"format":2,"runners":{}}"#.to_owned(), "format 2"),
        (pin("../toy", &hash), "no runner may have the name"),
        (pin("toy", "abc"), "64 digits"),
        (" ".repeat(5 << 20), "larger than"),
    ] {
        place.write("runners.lock", &text);
        place
            .protea(["runners", "info", "toy", "--locked"])
            .fails_with(4, &["the lock file runners.lock cannot be used", part]);
    }
}

#[test]
fn names_with_separators_or_control_characters_are_rejected() {
    let place = Place::new();
    for name in ["../toy", "./libtoy.so", "a\\b", "toy\u{1b}[31m", "toy\n"] {
        for command in [
            &["run", name][..],
            &["fit", name, "--train", "x"],
            &["evaluate", name, "--model", "x", "--eval", "x"],
            &["export", name, "--model", "x"],
            &["runners", "info", name],
            &["runners", "where", name],
        ] {
            let ran = place.protea(command);
            ran.fails_with(2, &["is not a valid runner name"]);
            assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
        }
    }
}

#[cfg(unix)]
mod permissions {
    use std::{
        os::unix::fs::{PermissionsExt, symlink},
        path::Path,
    };

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn info(place: &Place, directory: &str, more: &[&str]) -> protea_e2e::Ran {
        let arguments = [
            "runners",
            "info",
            "toy",
            "--json",
            "--runner-dir",
            directory,
        ];
        place.protea(arguments.iter().chain(more))
    }

    #[test]
    fn files_that_others_may_write_are_rejected_until_chmod() {
        let place = Place::new();
        let directory = place.runner_directory("runners", &["protea_toy"]);
        let file = directory.join(library("protea_toy"));
        for (path, mode, change) in [
            (&directory, 0o775, "chmod g-w"),
            (&directory, 0o757, "chmod o-w"),
            (&file, 0o666, "chmod go-w"),
        ] {
            let before = fs::metadata(path).unwrap().permissions().mode();
            set_mode(path, mode);
            let remedy = format!("`{change} {}`", path.display());
            info(&place, "runners", &[]).fails_with(4, &["is not trusted", &remedy]);

            let list = place.protea(["runners", "list", "--json", "--runner-dir", "runners"]);
            let unusable = list.json()["unusable"].to_string();
            assert!(unusable.contains(&remedy), "{unusable}");
            assert!(
                !taken(&list.json()),
                "an insecure runner is listed: {list:#?}"
            );

            assert_eq!(
                info(&place, "runners", &["--allow-insecure-dir"]).code,
                Some(0)
            );

            let done = std::process::Command::new("sh")
                .args(["-c", remedy.trim_matches('`')])
                .status()
                .unwrap();
            assert!(done.success());
            assert_eq!(info(&place, "runners", &[]).code, Some(0));
            set_mode(path, before);
        }
    }

    fn taken(list: &Value) -> bool {
        let runners = list["runners"].as_array().unwrap();
        runners.iter().any(|runner| runner["name"] == "toy")
    }

    #[test]
    fn a_link_is_judged_by_what_it_leads_to() {
        let place = Place::new();
        let open = place.runner_directory("open", &["protea_toy"]);
        place.runner_directory("runners", &[]);
        let file = library("protea_toy");
        symlink(open.join(&file), place.join("runners").join(&file)).unwrap();
        assert_eq!(info(&place, "runners", &[]).code, Some(0));
        set_mode(&open, 0o777);
        let remedy = format!("chmod go-w {}", open.display());
        info(&place, "runners", &[]).fails_with(4, &[&remedy]);
        symlink(&open, place.join("linked")).unwrap();
        info(&place, "linked", &[]).fails_with(4, &[&remedy]);
    }

    #[test]
    fn nobody_is_told_to_close_a_directory_that_all_share() {
        let place = Place::new();
        let directory = place.runner_directory("runners", &["protea_toy"]);
        set_mode(&directory, 0o1777);
        let ran = info(&place, "runners", &[]);
        ran.fails_with(4, &["a directory that users share"]);
        assert!(!ran.stderr.contains("chmod"), "{ran:#?}");
    }

    #[test]
    fn what_belongs_to_another_user_is_refused() {
        let place = Place::new();
        let directory = place.runner_directory("runners", &["protea_toy"]);
        if std::os::unix::fs::chown(&directory, Some(12345), None).is_err() {
            eprintln!("SKIPPED: only root can give a directory away");
            return;
        }
        let remedy = format!("chown 0 {}", directory.display());
        info(&place, "runners", &[]).fails_with(4, &["belongs to the user 12345", &remedy]);
        assert_eq!(
            info(&place, "runners", &["--allow-insecure-dir"]).code,
            Some(0)
        );
    }
}
