//! Several processes at the same time, and processes that are killed.

use std::{
    fs,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{Place, Ran, copy_of, test};

use super::{
    command, protea, published,
    s3::S3,
    web::{Answer, Web},
};

/// The number of ranges that [`holding`] answers before it holds the others back.
const ANSWERED: usize = 3;

/// A server of one large file of 100 MiB. It answers the first few ranges and holds the others back
/// until it is told to go on, so a download cannot end before it is interrupted.
fn holding() -> (Web, Arc<AtomicBool>) {
    let content = vec![7_u8; 100 << 20];
    let goes_on = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&goes_on);
    let ranges = AtomicUsize::new(0);
    let web = Web::serve(move |request| {
        if request.target != "/large.bin" {
            return Answer::status("404 Not Found");
        }
        if request.headers.contains_key("range") {
            let is_held = ranges.fetch_add(1, Ordering::SeqCst) >= ANSWERED;
            while is_held && !told.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
        }
        Answer::tagged(request, &content, "\"one\"")
    });
    (web, goes_on)
}

fn fetch(place: &Place, web: &Web) -> Child {
    command(place, "http://127.0.0.1:1")
        .args([
            "store",
            "cp",
            &format!("http://{}/large.bin", web.address),
            "large.bin",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until a range is complete.
fn wait_for_a_part(place: &Place) {
    let until = Instant::now() + Duration::from_secs(300);
    let is_there = || {
        let parts = fs::read_dir(place.join("cache/parts"))
            .into_iter()
            .flatten();
        parts.flatten().any(|entry| {
            let json = entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "json");
            json && fs::read_to_string(entry.path()).is_ok_and(|text| text.contains('1'))
        })
    };
    while !is_there() {
        assert!(Instant::now() < until, "no part arrives");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_download_that_was_killed_goes_on_and_nothing_half_is_seen() {
    let place = Place::new();
    let (web, goes_on) = holding();
    let mut killed = fetch(&place, &web);
    wait_for_a_part(&place);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!place.join("large.bin").exists());
    goes_on.store(true, Ordering::SeqCst);
    let before = ranges(&web);
    assert!(fetch(&place, &web).wait().unwrap().success());
    let content = fs::read(place.join("large.bin")).unwrap();
    assert!(content.len() == 100 << 20 && content.iter().all(|byte| *byte == 7));
    // Thirteen ranges, of which at least one was already there.
    assert!(ranges(&web) - before < 13);
    let left = fs::read_dir(place.path()).unwrap().flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0);
}

fn ranges(web: &Web) -> usize {
    let asked = web.asked();
    asked
        .iter()
        .filter(|r| r.headers.contains_key("range"))
        .count()
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_download_with_its_own_code() {
    let place = Place::new();
    let (web, _) = holding();
    let mut ended = fetch(&place, &web);
    wait_for_a_part(&place);
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &ended.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    assert_eq!(ended.wait().unwrap().code(), Some(130));
    assert!(!place.join("large.bin").exists());
}

#[test]
fn processes_that_need_the_same_share_it_and_one_limit() {
    let Some(s3) = S3::shared() else { return };
    let place = Place::new();
    let (_, there) = published(&place, s3);
    let at_once: Vec<_> = (0..4)
        .map(|_| {
            command(&place, &s3.endpoint)
                .args(["dataset", "verify", &there, "--json"])
                .env("PROTEA_CACHE_LIMIT", "1KiB")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for one in at_once {
        let ran = Ran::from(one.wait_with_output().unwrap());
        assert_eq!(ran.json()["verified"], true);
    }
    let held = protea(&place, &s3.endpoint, &["store", "cache", "--json"]).json();
    assert_eq!((&held["in_use"], &held["parts"]), (&0.into(), &0.into()));
}

#[test]
fn a_copy_of_a_dataset_that_was_changed_is_not_sent() {
    let Some(s3) = S3::shared() else { return };
    let place = Place::new();
    let copy = copy_of(&test(), &place.join("copy"));
    let mut bytes = fs::read(copy.join("ontology.obo")).unwrap();
    bytes[10] ^= 1;
    fs::write(copy.join("ontology.obo"), bytes).unwrap();
    let to = format!("s3://{}/d", s3.bucket());
    protea(&place, &s3.endpoint, &["store", "cp", "copy", &to])
        .fails_with(3, &["ontology.obo", "SHA-256"]);
    protea(&place, &s3.endpoint, &["store", "ls", &to]).fails_with(3, &["does not exist"]);
}
