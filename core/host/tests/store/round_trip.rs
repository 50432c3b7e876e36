//! There and back again.

use std::{fs, sync::Barrier, thread};

use protea_core::{
    StoreError, dataset,
    store::{Depth, EXPORT_MANIFEST, FileState},
};

use crate::{
    place::{Place, assert_same, file_uri, noise, uri},
    s3::S3,
    web::{Answer, Web},
};

#[test]
fn a_dataset_goes_to_s3_and_comes_back_the_same() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    // One file that goes in one piece, one in parts, one that is empty.
    let here = place.dataset("train", &[1000, 20 << 20, 0]);
    let store = place.store_at(&s3.endpoint);
    let there = format!("s3://{bucket}/data sets/train");

    let copied = store.copy(&file_uri(&here), &uri(&there)).unwrap();
    assert_eq!((copied.files, copied.bytes), (3, 1000 + (20 << 20)));
    assert!(store.verify(&uri(&there)).unwrap().is_whole());
    let listing = store.list(&uri(&there), Depth::Direct, 10).unwrap();
    let names: Vec<_> = listing.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["dataset.json", "file 0.bin", "file 2.bin", "more/"]);
    let listing = store.list(&uri(&there), Depth::Recursive, 3).unwrap();
    assert_eq!((listing.entries.len(), listing.more), (3, true));

    let staged = dataset::stage_from(&there, &store).unwrap();
    assert_eq!(staged.name, "train");
    assert_eq!(staged.uri.scheme(), "file");
    assert_eq!(staged.sha256, copied.sha256);
    assert_eq!(
        staged.origin.as_ref().unwrap().as_str(),
        there.replace(' ', "%20")
    );
    assert_same(&here, &staged.uri.to_file_path().unwrap());

    let back = place.join("back");
    store.copy(&uri(&there), &file_uri(&back)).unwrap();
    assert_same(&here, &back);
    let elsewhere = uri(&format!("s3://{bucket}/copy/"));
    store.copy(&uri(&there), &elsewhere).unwrap();
    assert!(store.verify(&elsewhere).unwrap().is_whole());
}

#[test]
fn an_export_gets_its_manifest_last_and_is_never_overwritten() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let export = place.join("export");
    fs::create_dir_all(export.join("sub")).unwrap();
    fs::write(export.join("model.json"), "{}").unwrap();
    fs::write(export.join("sub/w#1.bin"), noise(3000, 1)).unwrap();
    let store = place.store_at(&s3.endpoint);
    let there = uri(&format!("s3://{bucket}/exports/one"));

    let published = store.publish(&export, &there).unwrap();
    assert_eq!(published.files.len(), 2);
    assert!(!export.join(EXPORT_MANIFEST).exists());
    let again = store.publish(&export, &there).unwrap_err();
    assert!(matches!(again, StoreError::Published { .. }), "{again}");

    // As a whole, and by the file that names the model.
    let staged = store.stage(&there).unwrap();
    assert_eq!(fs::read(staged.path.join("model.json")).unwrap(), b"{}");
    let model = uri(&format!("{there}/model.json"));
    let staged = store.stage(&model).unwrap();
    assert_eq!(fs::read(&staged.path).unwrap(), b"{}");
    assert!(staged.path.with_file_name("sub").join("w#1.bin").exists());
    let none = uri(&format!("{there}/none.json"));
    let error = store.stage(&none).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");

    // Without its manifest it counts as nothing.
    s3.delete(&format!("{bucket}/exports/one/{EXPORT_MANIFEST}"));
    for error in [
        store.stage(&there).unwrap_err(),
        store.verify(&there).unwrap_err(),
        store.copy(&there, &file_uri(&place.join("x"))).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NotPublished { .. }), "{error}");
    }
    // Files that are the same already are taken over; others are not overwritten.
    store.publish(&export, &there).unwrap();
    s3.delete(&format!("{bucket}/exports/one/{EXPORT_MANIFEST}"));
    s3.put(&format!("{bucket}/exports/one/model.json"), b"other");
    let error = store.publish(&export, &there).unwrap_err();
    assert!(error.to_string().contains("one/model.json"), "{error}");
    assert_eq!(
        s3.get(&format!("{bucket}/exports/one/model.json")).unwrap(),
        b"other"
    );
}

#[test]
fn one_of_several_publishers_wins_and_the_result_is_whole() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let there = uri(&format!("s3://{bucket}/race"));
    let exports: Vec<_> = (0..8)
        .map(|number| {
            let export = place.join(&format!("export-{number}"));
            fs::create_dir(&export).unwrap();
            fs::write(export.join("model.json"), noise(2000, number)).unwrap();
            export
        })
        .collect();
    let won: Vec<bool> = thread::scope(|scope| {
        let racing: Vec<_> = exports
            .iter()
            .map(|export| {
                let store = place.store_at(&s3.endpoint);
                let there = &there;
                scope.spawn(move || match store.publish(export, there) {
                    Ok(_) => true,
                    Err(StoreError::Published { .. }) => false,
                    Err(error) => panic!("{error}"),
                })
            })
            .collect();
        racing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let verified = place.store_at(&s3.endpoint).verify(&there).unwrap();
    assert!(verified.is_whole(), "{verified:?}");
}

#[test]
fn a_dataset_and_an_export_are_never_published_at_one_place() {
    let place = Place::new();
    let dataset = place.dataset("train", &[10]);
    let export = place.join("export");
    fs::create_dir(&export).unwrap();
    fs::write(export.join("model.json"), "{}").unwrap();
    let mut winners = 0;
    for round in 0..100 {
        let there = uri(&format!("memory://both/{round}"));
        let start = Barrier::new(2);
        let won: Vec<bool> = thread::scope(|scope| {
            let racing = [&dataset, &export].map(|directory| {
                let (store, there, start) = (place.store(), &there, &start);
                scope.spawn(move || {
                    start.wait();
                    match store.publish(directory, there) {
                        Ok(_) => true,
                        Err(StoreError::Published { .. }) => false,
                        Err(error) => panic!("{error}"),
                    }
                })
            });
            racing.map(|one| one.join().unwrap()).into()
        });
        assert!(!(won[0] && won[1]), "both won");
        let store = place.store();
        match won.iter().position(|won| *won) {
            Some(winner) => {
                winners += 1;
                let verified = store.verify(&there).unwrap();
                assert!(verified.is_whole(), "{verified:?}");
                assert_eq!(verified.manifest == EXPORT_MANIFEST, winner == 1);
            }
            None => {
                let error = store.verify(&there).unwrap_err();
                assert!(matches!(error, StoreError::NotPublished { .. }), "{error}");
            }
        }
    }
    assert!(winners > 0);
}

#[test]
fn no_more_of_a_listing_is_asked_for_than_is_shown() {
    // Two directories and two objects in each page, and a hundred pages.
    let web = Web::serve(|request| {
        let token = request.target.split("continuation-token=").nth(1);
        let page: u32 = token.map_or(0, |token| token.split('&').next().unwrap().parse().unwrap());
        let mut text = String::from("<ListBucketResult>");
        for number in 2 * page..2 * page + 2 {
            text.push_str(&format!(
                "<Contents><Key>d/{number:03}</Key><Size>1</Size>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>\
                 <CommonPrefixes><Prefix>d/{number:03}-/</Prefix></CommonPrefixes>"
            ));
        }
        if page < 100 {
            let next = page + 1;
            text.push_str(&format!(
                "<NextContinuationToken>{next}</NextContinuationToken>"
            ));
        }
        text.push_str("</ListBucketResult>");
        Answer::ok(text)
    });
    let store = Place::new().store_at(&format!("http://{}", web.address));
    let listing = store.list(&uri("s3://bucket/d"), Depth::Direct, 6).unwrap();
    let names: Vec<_> = listing.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["000", "000-/", "001", "001-/", "002", "002-/"]);
    assert!(listing.more);
    assert_eq!(web.asked().len(), 2);
    assert!(web.asked()[0].target.contains("max-keys=7"));

    let all = store
        .list(&uri("s3://bucket/d"), Depth::Direct, usize::MAX)
        .unwrap();
    assert_eq!((all.entries.len(), all.more), (404, false));
}

#[test]
fn a_single_file_is_copied_as_it_is_and_never_over_another() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let store = place.store_at(&s3.endpoint);
    let file = place.join("a file.bin");
    for size in [0, 5, 17 << 20] {
        fs::write(&file, noise(size, 3)).unwrap();
        let into = uri(&format!("s3://{bucket}/{size}/"));
        let copied = store.copy(&file_uri(&file), &into).unwrap();
        assert_eq!(copied.to, format!("s3://{bucket}/{size}/a%20file.bin"));
        let error = store.copy(&file_uri(&file), &into).unwrap_err();
        assert!(matches!(error, StoreError::Published { .. }), "{error}");

        let back = place.join(&format!("back-{size}"));
        let fetched = store.copy(&uri(&copied.to), &file_uri(&back)).unwrap();
        assert_eq!(fetched.sha256, copied.sha256);
        assert!(fs::read(&file).unwrap() == fs::read(&back).unwrap());
        let error = store.copy(&uri(&copied.to), &file_uri(&back)).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    }
    assert_eq!(s3.uploads(&bucket), 0);
    assert_eq!(store.cache().unwrap().usage().unwrap().parts, 0);
}

#[test]
fn what_lies_on_this_machine_is_listed_checked_and_copied_alike() {
    let place = Place::new();
    let store = place.store();
    let here = place.dataset("train", &[100, 200]);
    let copy = place.join("deep/copy");
    store.copy(&file_uri(&here), &file_uri(&copy)).unwrap();
    assert_same(&here, &copy);
    let error = store.copy(&file_uri(&here), &file_uri(&copy)).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    let listing = store.list(&file_uri(&copy), Depth::Recursive, 10).unwrap();
    let names: Vec<_> = listing.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["dataset.json", "file 0.bin", "more/1.bin"]);

    let mut bytes = fs::read(copy.join("more/1.bin")).unwrap();
    bytes[7] ^= 1;
    fs::write(copy.join("more/1.bin"), bytes).unwrap();
    fs::remove_file(copy.join("file 0.bin")).unwrap();
    let verified = store.verify(&file_uri(&copy)).unwrap();
    assert_eq!(verified.files[0].state, FileState::Missing);
    assert!(matches!(verified.files[1].state, FileState::Sum(_)));
    let error = store
        .copy(&file_uri(&copy), &file_uri(&place.join("second")))
        .unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(!place.join("second").exists());

    // What the manifest does not list would be lost.
    fs::write(here.join("stray"), "x").unwrap();
    let error = store
        .copy(&file_uri(&here), &file_uri(&place.join("third")))
        .unwrap_err();
    assert!(error.to_string().contains("\"stray\""), "{error}");
}
