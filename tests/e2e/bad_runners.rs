//! Unusable runner files: each is named with the reason and the remedy, and nothing is loaded.

use std::{fs, path::Path};

use protea_contracts::{CONTRACT_VERSION, descriptor};
use protea_e2e::{Place, library};

fn spoil(library: &Path, spoil: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(library).unwrap();
    spoil(&mut bytes);
    fs::write(library, bytes).unwrap();
}

fn place_of_descriptor(bytes: &[u8]) -> usize {
    bytes
        .windows(descriptor::MAGIC.len())
        .position(|window| window == descriptor::MAGIC)
        .expect("the library has a descriptor")
}

#[test]
fn an_unknown_name_gets_the_nearest_ones() {
    Place::new()
        .protea(["run", "kn"])
        .fails_with(4, &["there is no runner \"kn\"", "did you mean \"knn\"?"]);
    // Without a similar name, they are listed, but not as what was meant.
    let ran = Place::new().protea(["run", "length-r2"]);
    ran.fails_with(4, &["the runners found are", "\"knn\"", "\"toy\""]);
    assert!(!ran.stderr.contains("did you mean"), "{ran:#?}");
}

#[test]
fn a_text_file_with_the_ending_of_a_library_is_named() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &[]);
    fs::write(directory.join(library("notes")), "not a library").unwrap();
    let directory = directory.to_str().unwrap();
    place
        .protea(["run", "notes", "--runner-dir", directory])
        .fails_with(4, &[&library("notes"), "not a shared library"]);
    let list = place.protea(["runners", "list", "--runner-dir", directory]);
    assert_eq!(list.code, Some(0), "{list:#?}");
    assert!(list.stderr.contains("not a shared library"), "{list:#?}");
}

#[test]
fn a_truncated_library_is_rejected_before_it_is_mapped() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &["protea_toy"]);
    let file = directory.join(library("protea_toy"));
    let whole = fs::read(&file).unwrap();
    for part in [1, 4, 8, 12, 15] {
        let length = whole.len() * part / 16;
        fs::write(&file, &whole[..length]).unwrap();
        let ran = place.protea([
            "runners".as_ref(),
            "list".as_ref(),
            "--runner-dir".as_ref(),
            directory.as_os_str(),
        ]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(
            ran.stderr.contains("damaged or incomplete"),
            "{length} bytes: {ran:#?}"
        );
    }
}

#[test]
fn a_runner_of_another_contract_is_refused_with_both_versions() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &["protea_toy"]);
    spoil(&directory.join(library("protea_toy")), |bytes| {
        let at = place_of_descriptor(bytes);
        let block = &mut bytes[at..at + descriptor::SIZE];
        let spoken = CONTRACT_VERSION.as_bytes();
        // The runner's own version may be the same, and stands before it.
        let version = block
            .windows(spoken.len())
            .rposition(|text| text == spoken)
            .unwrap();
        block[version] += 1;
    });
    let directory = directory.to_str().unwrap();
    place
        .protea(["run", "toy", "--runner-dir", directory])
        .fails_with(
            4,
            &[
                "built for contract 2.",
                &format!("this host supports {CONTRACT_VERSION}"),
                "update protea",
            ],
        );
}

#[test]
fn a_descriptor_that_lies_about_the_name_is_caught() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &["protea_toy"]);
    spoil(&directory.join(library("protea_toy")), |bytes| {
        let at = place_of_descriptor(bytes);
        let name = &mut bytes[at + 24..at + 27];
        assert_eq!(name, b"toy");
        name.copy_from_slice(b"joy");
    });
    let directory = directory.to_str().unwrap();
    place
        .protea(["run", "joy", "--runner-dir", directory])
        .fails_with(
            4,
            &["its descriptor says joy", "the loaded runner says toy"],
        );
}

#[test]
fn an_invalid_setting_is_named_and_nothing_is_written() {
    let place = Place::new();
    place
        .protea(["run", "knn", "--set", "neighbours=5"])
        .fails_with(
            3,
            &["the setting neighbours is invalid", "there is no setting"],
        );
    place
        .protea(["run", "knn", "--set", "k=0"])
        .fails_with(3, &["the setting k is invalid", "0"]);
    place
        .protea(["run", "knn", "--set", "metric=manhattan"])
        .fails_with(3, &["the setting metric is invalid", "manhattan"]);
    assert!(!place.join("protea-workspace/workspace").exists());
}
