//! Unusable datasets: the error names file, place and remedy, and no run begins.

use std::{
    ffi::OsStr,
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use protea_e2e::{Place, Ran, copy_of, test, train};

fn run_with(place: &Place, train: &Path, eval: &Path) -> Ran {
    place.protea([
        OsStr::new("run"),
        OsStr::new("knn"),
        OsStr::new("--train"),
        train.as_os_str(),
        OsStr::new("--eval"),
        eval.as_os_str(),
    ])
}

fn no_run_was_begun(place: &Place) {
    assert!(!place.join("protea-workspace/workspace").exists());
}

#[test]
fn a_directory_that_is_no_dataset_is_refused() {
    let place = Place::new();
    let plain = place.join("plain");
    fs::create_dir(&plain).unwrap();
    run_with(&place, &plain, &test()).fails_with(
        3,
        &["plain", "is not a frozen dataset", "protea dataset freeze"],
    );
    run_with(&place, &place.join("nowhere"), &test())
        .fails_with(3, &["nowhere", "no such directory"]);
    no_run_was_begun(&place);
}

#[test]
fn one_changed_byte_is_noticed_by_verify_and_by_run() {
    let place = Place::new();
    let changed = copy_of(&train(), &place.join("changed"));
    let file = changed.join("proteins.arrow");
    let mut proteins = fs::OpenOptions::new().write(true).open(&file).unwrap();
    proteins.seek(SeekFrom::Start(100_000)).unwrap();
    proteins.write_all(b"!").unwrap();
    drop(proteins);
    let verified = place.protea([
        OsStr::new("dataset"),
        OsStr::new("verify"),
        changed.as_os_str(),
    ]);
    verified.fails_with(3, &["proteins.arrow", "it was changed"]);
    run_with(&place, &changed, &test()).fails_with(3, &["proteins.arrow", "it was changed"]);
    no_run_was_begun(&place);
}

fn freeze(place: &Place, name: &str, more: &[(&str, &Path)]) -> Ran {
    let dataset = train();
    let fasta = place.write("proteins.fasta", ">P1\nMKVLA\n>P2\nMKVLAAGW\n>P3\nGGHHKL\n");
    let annotations = place.write(
        "terms.tsv",
        "EntryID\tterm\taspect\nP1\tGO:0003674\tF\nP2\tGO:0005575\tC\nP3\tGO:0008150\tP\n",
    );
    let ontology = dataset.join("ontology.obo");
    let mut options: Vec<(&str, &Path)> = vec![
        ("--ontology", &ontology),
        ("--fasta", &fasta),
        ("--annotations", &annotations),
    ];
    for (option, path) in more {
        options.retain(|(known, _)| known != option);
        options.push((option, path));
    }
    let mut arguments = vec![
        OsStr::new("dataset"),
        OsStr::new("freeze"),
        OsStr::new(name),
        OsStr::new("--name"),
        OsStr::new(name),
    ];
    for (option, path) in &options {
        arguments.extend([OsStr::new(*option), path.as_os_str()]);
    }
    place.protea(arguments)
}

/// A little-endian f32 matrix as numpy writes it.
fn npy(rows: usize, width: usize, values: &[f32]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    values
        .iter()
        .for_each(|value| file.extend(value.to_le_bytes()));
    file
}

#[test]
fn what_cannot_be_frozen_is_named_and_leaves_nothing_behind() {
    let place = Place::new();
    let twice = place.write("twice.fasta", ">P1\nMK\n>P1\nMV\n");
    freeze(&place, "out", &[("--fasta", &twice)]).fails_with(3, &["twice.fasta:3", "P1"]);

    let ids = place.write("ids.txt", "P1\nP2\nP3\n");
    let mut values = [0.5_f32; 12];
    values[6] = f32::NAN;
    let matrix = place.write("e.npy", npy(3, 4, &values));
    freeze(&place, "out", &[("--embeddings", &matrix), ("--ids", &ids)])
        .fails_with(3, &["e.npy", "P2"]);

    assert!(!place.join("out").exists());
    let left: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn terms_unknown_to_the_ontology_are_counted_and_reported() {
    let place = Place::new();
    let terms = place.write(
        "unknown.tsv",
        "P1\tGO:0003674\tF\nP2\tGO:9999999\tF\nP3\tGO:0008150\tP\n",
    );
    let frozen = freeze(&place, "out", &[("--annotations", &terms)]);
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
    let said = format!("{}{}", frozen.stdout, frozen.stderr);
    assert!(said.contains("GO:9999999"), "{said}");
}

#[test]
fn embeddings_of_another_width_are_refused() {
    let place = Place::new();
    let ids = place.write("ids.txt", "P1\nP2\nP3\n");
    let matrix = place.write("e.npy", npy(3, 4, &[0.5; 12]));
    let frozen = freeze(
        &place,
        "narrow",
        &[("--embeddings", &matrix), ("--ids", &ids)],
    );
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
    let ran = run_with(&place, &train(), &place.join("narrow"));
    ran.fails_with(3, &["are 4 wide", "freeze both with the same embedding"]);
}

#[cfg(unix)]
#[test]
fn output_that_cannot_be_written_is_named() {
    // Not by permission, which root ignores: a file stands where a directory must be made.
    let place = Place::new();
    let file = place.write("file", "");
    let workspace = file.join("workspace");
    place
        .protea([
            OsStr::new("run"),
            OsStr::new("toy"),
            OsStr::new("--workspace"),
            workspace.as_os_str(),
        ])
        .fails_with(5, &["cannot be written", workspace.to_str().unwrap()]);
}
