//! Tests that directories left by killed processes are removed.
#![cfg(unix)]

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use crate::small::Inputs;

#[test]
fn abandoned_staging_directories_are_removed() {
    let inputs = Inputs::new();
    let make = |name: &str, age: u64| {
        let directory = inputs.path(name);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("proteins.arrow"), "half").unwrap();
        let handle = File::open(&directory).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        handle.set_modified(time).unwrap();
        (directory, handle)
    };
    let (left, _) = make(".out.freezing-left00", 7200);
    let (young, _) = make(".out.freezing-young0", 60);
    let (held, lock) = make(".out.freezing-held00", 7200);
    let (other, _) = make(".others.freezing-000", 7200);
    lock.lock().unwrap();
    inputs.freeze();
    assert!(!left.exists());
    assert!(young.exists() && held.exists() && other.exists());
}
