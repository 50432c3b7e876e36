//! Web servers: good ones, and others.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_core::{
    StageDatasetError, StoreError, dataset,
    store::{Cache, Depth, TransferKind},
};

use crate::{
    place::{AMPLE, EndAfter, Place, assert_same, file_uri, uri},
    web::{Answer, Request, Web},
};

/// The file that is asked for, of a directory that is served.
fn file(directory: &Path, request: &Request) -> Option<(PathBuf, Vec<u8>)> {
    let path = request.target.split('?').next()?.trim_start_matches("/d/");
    let path = directory.join(path.replace("%20", " "));
    let bytes = fs::read(&path).ok()?;
    Some((path, bytes))
}

/// Serves a directory below `/d/`; `change` makes of a good answer whatever it wants.
fn serve(
    directory: &Path,
    change: impl Fn(&Request, &Path, Answer, &[u8]) -> Answer + Send + Sync + 'static,
) -> Web {
    let directory = directory.to_owned();
    Web::serve(move |request| match file(&directory, request) {
        Some((path, content)) => {
            let good = Answer::of(request, &content);
            change(request, &path, good, &content)
        }
        None => Answer::status("404 Not Found"),
    })
}

/// Stages the dataset that a server serves, from an empty cache.
fn stage(place: &Place, web: &Web) -> Result<protea_core::Dataset, StageDatasetError> {
    dataset::stage_from(&format!("http://{}/d", web.address), &place.store())
}

fn is_payload(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "bin")
}

#[test]
fn a_good_server_is_asked_for_ranges_and_listed_by_its_manifest() {
    let place = Place::new();
    let here = place.dataset("train", &[20 << 20, 5]);
    let web = serve(&here, |_, _, good, _| good);
    let staged = stage(&place, &web).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
    let asked = web.asked();
    let ranges = asked
        .iter()
        .filter(|request| request.target.contains("file") && request.headers.contains_key("range"));
    assert_eq!(ranges.count(), 3, "{asked:#?}");
    let there = uri(&format!("http://{}/d/", web.address));
    let store = place.store();
    let names = store.list(&there, Depth::Direct, 10).unwrap().entries;
    let names: Vec<_> = names.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["dataset.json", "file 0.bin", "more/1.bin"]);
    assert!(store.verify(&there).unwrap().is_whole());
    let error = store
        .list(
            &uri(&format!("http://{}/other", web.address)),
            Depth::Direct,
            9,
        )
        .unwrap_err();
    assert!(matches!(error, StoreError::Unlistable { .. }), "{error}");

    let one = uri(&format!("http://{}/d/more/1.bin", web.address));
    let copy = place.join("one");
    store.copy(&one, &file_uri(&copy)).unwrap();
    assert_eq!(
        fs::read(copy).unwrap(),
        fs::read(here.join("more/1.bin")).unwrap()
    );
}

#[test]
fn a_server_that_knows_no_ranges_and_no_tags_serves_as_well() {
    let place = Place::new();
    let here = place.dataset("train", &[20 << 20, 5]);
    let web = serve(&here, |_, _, _, content| Answer::ok(content));
    let staged = stage(&place, &web).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
}

#[test]
fn a_server_that_breaks_off_is_asked_again_for_the_rest() {
    let place = Place::new();
    let here = place.dataset("train", &[3 << 20]);
    let count = AtomicUsize::new(0);
    let web = serve(&here, move |request, path, mut good, _| {
        if is_payload(path) && request.method == "GET" && good.body.len() > 1 << 20 {
            count.fetch_add(1, Ordering::SeqCst);
            good.says = Some(good.body.len() as u64);
            good.body.truncate(1 << 20);
        }
        good
    });
    let staged = stage(&place, &web).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
    let starts: Vec<_> = web
        .asked()
        .iter()
        .filter_map(|request| request.range(3 << 20))
        .filter(|range| range.1 == 3 << 20)
        .map(|range| range.0 >> 20)
        .collect();
    assert_eq!(starts, [0, 1, 2]);
}

#[test]
fn a_server_that_always_breaks_off_is_given_up() {
    let place = Place::new();
    let here = place.dataset("train", &[3 << 20]);
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    // It knows no ranges; who never gave it up would get the whole in the end.
    let web = serve(&here, move |request, path, _, content| {
        let mut answer = Answer::ok(content);
        if is_payload(path)
            && request.method == "GET"
            && counted.fetch_add(1, Ordering::SeqCst) < 20
        {
            answer.says = Some(content.len() as u64);
            answer.body.truncate(content.len() / 2);
        }
        answer
    });
    let error = stage(&place, &web).unwrap_err();
    let given_up = matches!(
        error,
        StageDatasetError::Store(StoreError::Unreachable { .. })
    );
    assert!(given_up, "{error}");
    assert!(error.to_string().contains(&web.address), "{error}");
    assert!(tries.load(Ordering::SeqCst) > 2, "it was tried again");
}

#[test]
fn a_server_that_sends_other_bytes_than_listed_is_found_out() {
    let place = Place::new();
    let here = place.dataset("train", &[5000]);
    let web = serve(&here, |request, path, good, content| {
        if !is_payload(path) {
            return good;
        }
        let mut other = content.to_vec();
        other[4321] ^= 4;
        Answer::of(request, &other)
    });
    let error = stage(&place, &web).unwrap_err();
    let corrupt = matches!(error, StageDatasetError::Store(StoreError::Corrupt { .. }));
    assert!(corrupt, "{error}");
    assert!(error.to_string().contains("file%200.bin"), "{error}");
}

#[test]
fn a_server_with_false_lengths_is_an_error_in_bounded_time() {
    let place = Place::new();
    let here = place.dataset("train", &[5000]);
    type Lie = fn(&Request, Answer) -> Answer;
    let lies: [Lie; 4] = [
        // Always less than it says.
        |request, mut good| {
            if request.method == "GET" {
                good.says = Some(good.body.len() as u64);
                good.body.clear();
            }
            good
        },
        // Says another size than is listed.
        |_, mut good| {
            good.says = Some(1 << 40);
            good.body.clear();
            good
        },
        // Answers with another range than it was asked for.
        |request, mut good| {
            if request.headers.contains_key("range") {
                good.headers.retain(|(name, _)| *name != "content-range");
                let range = "bytes 0-99/5000".to_owned();
                good.headers.push(("content-range", range));
            }
            good
        },
        // Changes all the time.
        |_, mut good| {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            good.headers.retain(|(name, _)| *name != "etag");
            let count = COUNT.fetch_add(1, Ordering::SeqCst);
            good.headers.push(("etag", format!("\"{count}\"")));
            good
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let web = serve(&here, move |request, path, good, _| {
            if is_payload(path) {
                lie(request, good)
            } else {
                good
            }
        });
        let began = Instant::now();
        let error = stage(&place, &web).unwrap_err();
        assert!(
            matches!(error, StageDatasetError::Store(_)),
            "{number}: {error}"
        );
        assert!(
            error.to_string().contains(&web.address),
            "{number}: {error}"
        );
        assert!(began.elapsed() < AMPLE, "{number}");
        let trees = place.join("cache/trees");
        let there = fs::read_dir(trees).unwrap().flatten();
        let whole = there.filter(|e| e.path().is_dir() && e.path().extension().is_none());
        assert_eq!(whole.count(), 0);
    }
}

#[test]
fn a_server_that_hangs_is_given_up_and_named() {
    let place = Place::new();
    let here = place.dataset("train", &[5000]);
    let web = serve(&here, |request, path, mut good, _| {
        if is_payload(path) && request.method == "GET" {
            let first = request.range(5000).is_none_or(|range| range.0 == 0);
            good.hangs_after = Some(if first { 1000 } else { 0 });
        }
        good
    });
    let began = Instant::now();
    let error = stage(&place, &web).unwrap_err();
    let given_up = matches!(
        error,
        StageDatasetError::Store(StoreError::Unreachable { .. })
    );
    assert!(given_up, "{error}");
    assert!(error.to_string().contains(&web.address), "{error}");
    assert!(began.elapsed() < AMPLE);
}

#[test]
fn credentials_in_urls_are_sent_and_never_shown() {
    let place = Place::new();
    let here = place.dataset("train", &[5000, 5]);
    let served = here.clone();
    let web = Web::serve(move |request| {
        let signed = request.target.ends_with("?sig=s3cret&x=1");
        let user = request.headers.get("authorization");
        if !signed || user.is_none_or(|user| user != "Basic bWU6cDRzcw==") {
            return Answer::status("401 Unauthorized");
        }
        match file(&served, request) {
            // Such signatures are often for GET alone.
            Some(_) if request.method == "HEAD" => Answer::status("403 Forbidden"),
            Some((_, content)) => Answer::of(request, &content),
            None => Answer::status("404 Not Found"),
        }
    });
    let there = format!("http://me:p4ss@{}/d?sig=s3cret&x=1", web.address);
    let staged = dataset::stage_from(&there, &place.store()).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
    let plain = format!("http://{}/d", web.address);
    assert_eq!(staged.origin.unwrap().as_str(), plain);

    let unsigned = dataset::stage_from(&plain, &place.store()).unwrap_err();
    let denied = matches!(
        unsigned,
        StageDatasetError::Store(StoreError::Denied { .. })
    );
    assert!(denied, "{unsigned}");
    let wrong = format!("http://me:p4ss@{}/d?sig=s3cret2", web.address);
    let error = dataset::stage_from(&wrong, &place.store()).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("s3cret") && !text.contains("p4ss"), "{text}");
}

#[test]
fn refusals_are_truncated_and_may_be_binary() {
    let place = Place::new();
    for (says, body) in [(1 << 45, vec![b'x'; 1 << 20]), (3, vec![0xff, 0, 0xfe])] {
        let web = Web::serve(move |_| {
            let mut answer = Answer::status("400 Bad Request");
            answer.says = Some(says);
            answer.body.clone_from(&body);
            answer
        });
        let error = stage(&place, &web).unwrap_err();
        let failed = matches!(error, StageDatasetError::Store(StoreError::Failed { .. }));
        assert!(failed, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("400 Bad Request") && text.len() < 500,
            "{text}"
        );
        // No request was tried again.
        let asked = web.asked();
        let distinct: HashSet<_> = asked
            .iter()
            .map(|request| (&request.method, &request.target))
            .collect();
        assert_eq!(distinct.len(), asked.len());
    }
}

#[test]
fn a_redirection_is_followed() {
    let place = Place::new();
    let here = place.dataset("train", &[5000]);
    let real = serve(&here, |_, _, good, _| good);
    let address = real.address.clone();
    let first = Web::serve(move |request| {
        let mut answer = Answer::status("302 Found");
        let to = format!("http://{address}{}", request.target);
        answer.headers.push(("location", to));
        answer
    });
    let staged = stage(&place, &first).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
    assert!(!real.asked().is_empty());
}

#[test]
fn a_file_resumes_under_a_new_signature_within_the_limit() {
    let place = Place::new();
    let here = place.dataset("train", &[40 << 20]);
    let kept = place.dataset("kept", &[5 << 20]);
    // The first of five ranges arrives whole before any other.
    let web = serve(&here, |request, _, good, _| {
        if request.range(40 << 20).is_some_and(|range| range.0 > 0) {
            thread::sleep(Duration::from_secs(3));
        }
        good
    });
    let store = place
        .store()
        .with_timeout(AMPLE)
        .with_cache(Cache::new(place.join("cache"), 42 << 20));
    let elsewhere = "memory://single-file/kept";
    store.copy(&file_uri(&kept), &uri(elsewhere)).unwrap();
    let staged = {
        let staged = dataset::stage_from(elsewhere, &store).unwrap();
        staged.uri.to_file_path().unwrap()
    };

    let signed = |by: u32| uri(&format!("http://{}/d/file%200.bin?sig={by}", web.address));
    let copy = file_uri(&place.join("copy.bin"));
    let ending = EndAfter::new(TransferKind::Download, 8 << 20);
    let ended = store.clone().with_observer(ending);
    let error = ended.copy(&signed(1), &copy).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error}");
    assert!(!staged.exists(), "both are more than the limit");

    let before = web.asked().len();
    store.copy(&signed(2), &copy).unwrap();
    let again = web.asked()[before..]
        .iter()
        .filter(|request| request.headers.contains_key("range"))
        .count();
    assert!((1..5).contains(&again), "{again} of five ranges");
    assert!(
        fs::read(place.join("copy.bin")).unwrap() == fs::read(here.join("file 0.bin")).unwrap()
    );
}
