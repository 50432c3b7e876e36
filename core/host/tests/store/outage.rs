//! A server that goes away in the middle.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_core::{
    StageDatasetError, StoreError, dataset,
    store::{Depth, EXPORT_MANIFEST, TransferKind},
};

use crate::{
    place::{AMPLE, EndAfter, Place, assert_same, file_uri, files, noise, uri},
    proxy::Proxy,
    s3::S3,
    web::{Answer, Web},
};

const MIB: u64 = 1 << 20;

/// Brings a proxy up again some time after it went down.
fn repair(proxy: &Proxy) {
    let until = Instant::now() + AMPLE;
    while !proxy.is_down() && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(700));
    proxy.up();
}

#[test]
fn a_download_goes_on_where_the_server_left_it() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let here = place.dataset("train", &[30 << 20]);
    let there = format!("s3://{bucket}/train");
    let direct = place.store_at(&s3.endpoint);
    direct.copy(&file_uri(&here), &uri(&there)).unwrap();

    let proxy = Proxy::before(&s3.endpoint);
    let store = place.store_at(&proxy.endpoint).with_timeout(AMPLE);
    proxy.down_after(13 * MIB);
    let staged = thread::scope(|scope| {
        scope.spawn(|| repair(&proxy));
        dataset::stage_from(&there, &store).unwrap()
    });
    assert_same(&here, &staged.uri.to_file_path().unwrap());
    // What had arrived was not fetched twice: of each of the four ranges, no more than what was
    // on its way.
    assert!(proxy.passed() < 36 * MIB, "{}", proxy.passed());
}

#[test]
fn a_lost_server_is_named_and_the_next_try_resumes() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let here = place.dataset("train", &[40 << 20, 100]);
    let there = format!("s3://{bucket}/train");
    let direct = place.store_at(&s3.endpoint);
    direct.copy(&file_uri(&here), &uri(&there)).unwrap();

    let proxy = Proxy::before(&s3.endpoint);
    let store = place.store_at(&proxy.endpoint);
    proxy.down_after(37 * MIB);
    let began = Instant::now();
    let error = dataset::stage_from(&there, &store).unwrap_err();
    let StageDatasetError::Store(StoreError::Unreachable { uri: named, .. }) = &error else {
        panic!("{error}");
    };
    assert!(named.starts_with(&there), "{error}");
    assert!(error.to_string().contains("tried for 3 s"), "{error}");
    assert!(error.to_string().contains("try again later"), "{error}");
    assert!(began.elapsed() < AMPLE, "{began:?}");
    let trees = place.join("cache/trees");
    let whole = fs::read_dir(&trees).unwrap().flatten();
    let whole = whole.filter(|entry| entry.path().is_dir() && entry.path().extension().is_none());
    assert_eq!(whole.count(), 0, "nothing half fetched counts as there");

    proxy.up();
    let before = proxy.passed();
    let staged = dataset::stage_from(&there, &store).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
    // Five ranges of 8 MiB; those that had come to their end are not fetched again.
    let again = proxy.passed() - before;
    assert!(again < 34 * MIB, "{again}");
    assert_eq!(files(&place.join("cache/parts")).len(), 0);
}

#[test]
fn a_server_that_is_killed_takes_nothing_half_published_with_it() {
    let Some(mut s3) = S3::start() else { return };
    let place = Place::new();
    s3.make("killed");
    let export = place.join("export");
    fs::create_dir(&export).unwrap();
    fs::write(export.join("a.bin"), noise(100, 1)).unwrap();
    fs::write(export.join("b.bin"), noise(30 << 20, 2)).unwrap();
    let proxy = Proxy::before(&s3.endpoint);
    let store = place.store_at(&proxy.endpoint);
    let there = uri("s3://killed/export");
    proxy.hold_after(10 * MIB);

    let error = thread::scope(|scope| {
        let publishing = scope.spawn(|| store.publish(&export, &there).unwrap_err());
        let until = Instant::now() + AMPLE;
        while !proxy.holds() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        s3.kill();
        proxy.release();
        publishing.join().unwrap()
    });
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().contains("s3://killed/export/b.bin"),
        "{error}"
    );

    s3.start_again();
    s3.make("killed");
    let listed = store.list(&there, Depth::Recursive, 10).unwrap_err();
    assert!(matches!(listed, StoreError::NotFound { .. }), "{listed}");
    store.publish(&export, &there).unwrap();
    assert!(store.verify(&there).unwrap().is_whole());
}

#[test]
fn an_upload_survives_an_outage_and_leaves_no_parts_behind() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let export = place.join("export");
    fs::create_dir(&export).unwrap();
    fs::write(export.join("b.bin"), noise(40 << 20, 2)).unwrap();
    let proxy = Proxy::before(&s3.endpoint);
    let store = place.store_at(&proxy.endpoint);
    let there = uri(&format!("s3://{bucket}/export"));

    proxy.down_after(15 * MIB);
    thread::scope(|scope| {
        scope.spawn(|| repair(&proxy));
        let store = store.clone().with_timeout(AMPLE);
        store.publish(&export, &there).unwrap();
    });
    assert!(store.verify(&there).unwrap().is_whole());
    assert_eq!(s3.uploads(&bucket), 0);

    // One that stays away: an error that names it, and no manifest.
    let away = uri(&format!("s3://{bucket}/away"));
    proxy.down_after(15 * MIB);
    let error = store.publish(&export, &away).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(away.as_str()), "{error}");
    assert_eq!(s3.get(&format!("{bucket}/away/{EXPORT_MANIFEST}")), None);
    assert_eq!(s3.get(&format!("{bucket}/away/b.bin")), None);
}

#[test]
fn a_server_that_never_takes_one_part_is_given_up() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refused);
    // The other parts arrive while that one is tried, each time anew. Who never gave it up would be
    // let through in the end.
    let web = Web::serve(move |request| {
        let is_second = request.target.contains("partNumber=2");
        match request.method.as_str() {
            "HEAD" => Answer::status("404 Not Found"),
            "POST" => Answer::ok(
                "<InitiateMultipartUploadResult><UploadId>1</UploadId>\
                 </InitiateMultipartUploadResult>",
            ),
            "PUT" if is_second && counted.fetch_add(1, Ordering::SeqCst) < 60 => {
                let mut answer = Answer::ok("");
                answer.breaks = true;
                answer
            }
            "PUT" => {
                thread::sleep(Duration::from_millis(1500));
                let mut answer = Answer::ok("");
                answer.headers.push(("etag", "\"1\"".to_owned()));
                answer
            }
            _ => Answer::status("204 No Content"),
        }
    });
    let place = Place::new();
    let file = place.join("large.bin");
    fs::write(&file, noise(20 << 20, 1)).unwrap();
    let store = place.store_at(&format!("http://{}", web.address));
    let error = store
        .copy(&file_uri(&file), &uri("s3://bucket/large.bin"))
        .unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    let refused = refused.load(Ordering::SeqCst);
    assert!((2..60).contains(&refused), "{refused}");
}

#[test]
fn who_cancels_waits_for_nothing_and_leaves_nothing_published() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let here = place.dataset("train", &[40 << 20]);
    let proxy = Proxy::before(&s3.endpoint);
    proxy.slow(Duration::from_millis(2));
    let store = place.store_at(&proxy.endpoint);
    let there = uri(&format!("s3://{bucket}/train"));

    let observer = EndAfter::new(TransferKind::Upload, 8 * MIB);
    let began = Instant::now();
    let ending = store.clone().with_observer(observer);
    let error = ending.copy(&file_uri(&here), &there).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error}");
    assert!(began.elapsed() < AMPLE);
    assert_eq!(s3.uploads(&bucket), 0, "its parts were taken back");
    let listed = store.list(&there, Depth::Recursive, 10).unwrap_err();
    assert!(matches!(listed, StoreError::NotFound { .. }), "{listed}");

    proxy.slow(Duration::ZERO);
    store.copy(&file_uri(&here), &there).unwrap();
    proxy.slow(Duration::from_millis(2));
    let ending = store
        .clone()
        .with_observer(EndAfter::new(TransferKind::Download, 36 * MIB));
    let error = dataset::stage_from(there.as_str(), &ending).unwrap_err();
    assert!(
        matches!(error, StageDatasetError::Store(StoreError::Cancelled)),
        "{error}"
    );
    // Of five ranges the last begins when another is there, which is not fetched again.
    let back = EndAfter::new(TransferKind::Download, u64::MAX);
    proxy.slow(Duration::ZERO);
    let before = proxy.passed();
    dataset::stage_from(there.as_str(), &store.with_observer(back.clone())).unwrap();
    assert!(proxy.passed() - before < 34 * MIB);
    assert_eq!(back.done.load(Ordering::SeqCst), 40 * MIB);
}

#[test]
fn who_cancels_waits_for_no_answer_however_little_was_sent() {
    // What the server never answers, of an upload whose file is so large.
    type Silent = fn(&str, usize) -> bool;
    let cases: [(usize, Silent); 3] = [
        (1000, |method, _| method == "PUT"),
        (20 << 20, |method, asked| method == "HEAD" && asked > 1),
        (20 << 20, |method, _| method == "POST"),
    ];
    for (size, is_silent) in cases {
        let asked = AtomicUsize::new(0);
        let web = Web::serve(move |request| {
            let asked = asked.fetch_add(1, Ordering::SeqCst) + 1;
            if is_silent(&request.method, asked) {
                thread::sleep(2 * AMPLE);
            }
            Answer::status("404 Not Found")
        });
        let place = Place::new();
        let file = place.join("file.bin");
        fs::write(&file, noise(size, 1)).unwrap();
        let store = place
            .store_at(&format!("http://{}", web.address))
            .with_timeout(2 * AMPLE)
            .with_observer(EndAfter::new(TransferKind::Upload, 0));
        let began = Instant::now();
        let error = store
            .copy(&file_uri(&file), &uri("s3://bucket/file.bin"))
            .unwrap_err();
        assert!(matches!(error, StoreError::Cancelled), "{size}: {error}");
        assert!(began.elapsed() < AMPLE, "{size}");
    }
}
