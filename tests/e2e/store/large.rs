//! A large object, within a bound on memory.

use std::{fs, process::Stdio, thread, time::Duration};

use protea_e2e::Place;

use super::{command, s3::S3};

/// What `protea store cp` may take of memory at most, in MiB, however large the object is; the book
/// states it.
const BOUND: u64 = 128;

/// How large the object is, in MiB, unless this variable says otherwise.
const SIZE: (&str, u64) = ("PROTEA_TEST_OBJECT_MIB", 256);

fn size() -> u64 {
    let given = std::env::var(SIZE.0).ok();
    given.map_or(SIZE.1, |text| text.parse().unwrap())
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

#[test]
fn a_large_object_goes_there_and_back_within_the_stated_memory() {
    let Some(s3) = S3::start() else { return };
    let place = Place::new();
    let bytes = size() << 20;
    let file = fs::File::create(place.join("large.bin")).unwrap();
    file.set_len(bytes).unwrap();
    s3.make("large");
    let up = peak(&place, &s3.endpoint, "large.bin", "s3://large/large.bin");
    let down = peak(&place, &s3.endpoint, "s3://large/large.bin", "back.bin");
    eprintln!("{} MiB: {up} MiB up, {down} MiB down", size());
    assert_eq!(place.join("back.bin").metadata().unwrap().len(), bytes);
    assert!(up > 0 && up <= BOUND, "{up} MiB up");
    assert!(down > 0 && down <= BOUND, "{down} MiB down");
}
