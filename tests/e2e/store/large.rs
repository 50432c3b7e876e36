//! Large objects, within a bound on memory.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use protea_contracts::{FileDigest, content::digest_file};
use protea_e2e::Place;
use serde_json::json;

use super::{command, s3::S3};

/// The most memory that `protea store cp` may use, in MiB, for objects of any size. The book states it.
const BOUND: u64 = 128;

/// How much is sent and fetched, in MiB, unless this variable says otherwise.
const SIZE: (&str, u64) = ("PROTEA_TEST_OBJECT_MIB", 256);

fn size() -> u64 {
    let given = std::env::var(SIZE.0).ok();
    given.map_or(SIZE.1, |text| text.parse().unwrap())
}

/// Writes random bytes, the same for the same seed, which neither a server nor a disk can compress.
fn noise(path: &Path, mebibytes: u64, seed: u64) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..mebibytes << 17 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}

/// A directory of three files that are so large together; one of them is small.
fn directory(place: &Place, name: &str, mebibytes: u64, seed: u64) -> Vec<FileDigest> {
    let directory = place.join(name);
    fs::create_dir_all(directory.join("more")).unwrap();
    let large = mebibytes * 3 / 4;
    noise(&directory.join("large.bin"), large, seed);
    noise(
        &directory.join("more/half.bin"),
        mebibytes - large,
        seed + 1,
    );
    fs::write(directory.join("small.txt"), name).unwrap();
    let files = ["large.bin", "more/half.bin", "small.txt"];
    let digests = files.map(|file| FileDigest::of(&directory, file).unwrap());
    digests.into()
}

fn assert_same(files: &[FileDigest], directory: &Path) {
    for file in files {
        file.check(directory).unwrap();
    }
}

/// The most memory that a copy took, in MiB.
fn peak(place: &Place, endpoint: &str, from: &str, to: &str) -> u64 {
    let mut copying = command(place, endpoint)
        .args(["store", "cp", from, to])
        .env("PROTEA_STORE_PATIENCE", "2m")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", copying.id());
    let mut most = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        most = most.max(kilobytes.map_or(0, |text| text.parse().unwrap()));
        if let Some(ended) = copying.try_wait().unwrap() {
            assert!(ended.success());
            return most / 1024;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn assert_bounded(peaks: &[(&str, u64)]) {
    for (what, peak) in peaks {
        eprintln!("{} MiB {what}: {peak} MiB", size());
        assert!(*peak > 0 && *peak <= BOUND, "{what}: {peak} MiB");
    }
}

#[test]
fn a_large_object_goes_there_and_back_within_the_stated_memory() {
    let Some(s3) = S3::start() else { return };
    let place = Place::new();
    noise(&place.join("large.bin"), size(), 1);
    s3.make("large");
    let up = peak(&place, &s3.endpoint, "large.bin", "s3://large/large.bin");
    let down = peak(&place, &s3.endpoint, "s3://large/large.bin", "back.bin");
    assert_eq!(
        digest_file(&place.join("back.bin")).unwrap(),
        digest_file(&place.join("large.bin")).unwrap()
    );
    assert_bounded(&[("up", up), ("down", down)]);
}

#[test]
fn a_large_export_is_published_within_the_stated_memory() {
    let Some(s3) = S3::start() else { return };
    let place = Place::new();
    let files = directory(&place, "export", size(), 2);
    s3.make("large");
    let up = peak(&place, &s3.endpoint, "export", "s3://large/export");
    let manifest = s3.get("large/export/store_manifest.json").unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["files"], json!(files));
    assert_bounded(&[("published", up)]);
}

#[test]
fn a_large_dataset_is_staged_within_the_stated_memory() {
    let Some(s3) = S3::start() else { return };
    let place = Place::new();
    let files = directory(&place, "dataset", size(), 4);
    let manifest = json!({ "name": "large", "files": files });
    fs::write(place.join("dataset/dataset.json"), manifest.to_string()).unwrap();
    s3.make("large");
    let up = peak(&place, &s3.endpoint, "dataset", "s3://large/dataset");
    // A remote directory is staged through the cache.
    let down = peak(&place, &s3.endpoint, "s3://large/dataset", "back");
    assert_same(&files, &place.join("back"));
    let objects = fs::read_dir(place.join("cache/objects")).unwrap();
    assert_eq!(objects.count(), files.len());
    assert_bounded(&[("published", up), ("staged", down)]);
}
