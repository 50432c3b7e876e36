//! Files in a runner directory that are not runners, and names of missing runners.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    process::Command,
};

use crate::place::Place;

fn library(name: &str) -> String {
    format!("runners/{DLL_PREFIX}{name}{DLL_SUFFIX}")
}

/// A valid shared library that is not a runner.
fn plain_library(place: &Place) -> Vec<u8> {
    let source = place.write(
        "plain.rs",
        "#[unsafe(no_mangle)] pub extern \"C\" fn f() {}",
    );
    let built = place.join("plain.so");
    let status = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "cdylib", "-o"])
        .args([&built, &source])
        .status()
        .unwrap();
    assert!(status.success());
    fs::read(built).unwrap()
}

#[test]
fn without_runners_the_error_names_the_options() {
    let place = Place::new();
    let ran = place.run("runners info knn");
    // A copy of the command has no runners beside it.
    for part in [
        "note: no runner (libprotea_*) is beside the command",
        "share/protea/runners",
    ] {
        assert!(ran.stderr.contains(part), "{ran:#?}");
    }
    let error = ran.error(4);
    assert_eq!(
        error,
        "there is no runner \"knn\"; no runner was found; give a directory with \
         --runner-dir or PROTEA_RUNNER_PATH"
    );
    let list = place.run("runners list --json").ok();
    let mut listed = list.json();
    let missing = listed.as_object_mut().unwrap().remove("missing").unwrap();
    assert_eq!(listed, serde_json::json!({"runners": [], "unusable": []}));
    assert_eq!(missing[0]["name"], "lightgbm");
    let remedy = missing[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("runners/lightgbm/build"), "{remedy}");
    let error = place.run("run lightgbm").error(4);
    assert!(error.ends_with(remedy), "{error}");
    assert!(list.stderr.contains("no runner found in"), "{list:#?}");
}

#[test]
fn damaged_libraries_are_reported_and_plain_ones_ignored() {
    let place = Place::new();
    let plain = plain_library(&place);
    place.write(&library("notes"), "not a library");
    place.write(&library("cut"), &plain[..plain.len() / 2]);
    place.write(&library("plain"), &plain);
    let list = place.run("runners list --runner-dir runners").ok();
    assert_eq!(list.stdout, "");
    for part in [
        format!(
            "warning: {} cannot be used: it is not a shared library",
            library("notes")
        ),
        format!(
            "warning: {} cannot be used: it is damaged or incomplete",
            library("cut")
        ),
    ] {
        assert!(list.stderr.contains(&part), "{part:?} is not in {list:#?}");
    }
    assert!(!list.stderr.contains(&library("plain")), "{list:#?}");

    let json = place
        .run("runners list --runner-dir runners --json")
        .ok()
        .json();
    assert_eq!(json["unusable"].as_array().unwrap().len(), 2);

    let error = place
        .run("fit notes --train x --runner-dir runners")
        .error(4);
    assert!(error.contains(&library("notes")), "{error}");
}

#[test]
fn where_lists_every_file_even_without_such_a_runner() {
    let place = Place::new();
    let plain = plain_library(&place);
    place.write(&library("plain"), &plain);
    let ran = place.run("runners where knn --runner-dir runners");
    ran.error(4);
    assert!(ran.stdout.contains(&library("plain")), "{ran:#?}");
    assert!(
        ran.stdout
            .contains("it is a shared library without a runner")
    );

    let json = place
        .run("runners where knn --runner-dir runners --json")
        .json();
    assert_eq!(json["error"]["kind"], "runner");
    assert_eq!(json["trace"][0]["origin"], "given");
    assert_eq!(json["trace"][0]["taken"], false);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_name_that_is_not_utf8_is_shown_with_replacements() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new();
    place.write("runners/odd", "");
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff\n.so");
    fs::write(place.join("runners").join(odd), "no library").unwrap();
    let listed = place.run("runners list --runner-dir runners --json").ok();
    let path = listed.json()["unusable"][0]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(path.ends_with("odd\u{fffd}\n.so"), "{path:?}");
    assert!(listed.stderr.contains("odd\u{fffd}\\n.so"), "{listed:#?}");
    place.run("runners where toy --runner-dir runners").error(4);
}
