//! What is not what its manifest lists.

use std::{fs, thread};

use protea_core::{StageDatasetError, StoreError, dataset, store::FileState};

use crate::{
    place::{Place, assert_same, file_uri, files, noise, uri},
    s3::S3,
};

#[test]
fn an_object_that_was_changed_is_noticed_named_and_not_kept() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let here = place.dataset("train", &[5000, 6000]);
    let store = place.store_at(&s3.endpoint);
    let there = format!("s3://{bucket}/train");
    store.copy(&file_uri(&here), &uri(&there)).unwrap();
    let object = format!("{bucket}/train/more/1.bin");
    let good = s3.get(&object).unwrap();
    let mut flipped = good.clone();
    flipped[3000] ^= 1;
    let longer = [&good[..], b"x"].concat();

    for (bytes, says) in [
        (&flipped[..], "SHA-256"),
        (&good[..5999], "5999 bytes, but 6000 are listed"),
        (&longer[..], "6001 bytes, but 6000 are listed"),
        (&[][..], "0 bytes, but 6000 are listed"),
    ] {
        s3.put(&object, bytes);
        let error = dataset::stage_from(&there, &store).unwrap_err();
        let corrupt = matches!(error, StageDatasetError::Store(StoreError::Corrupt { .. }));
        assert!(corrupt, "{error}");
        let text = error.to_string();
        assert!(text.contains(says) && text.contains("more/1.bin"), "{text}");
        let verified = store.verify(&uri(&there)).unwrap();
        assert!(!verified.is_whole());
        assert_eq!(verified.files[0].state, FileState::Whole);
    }
    s3.delete(&object);
    let error = dataset::stage_from(&there, &store).unwrap_err();
    let missing = matches!(error, StageDatasetError::Store(StoreError::NotFound { .. }));
    assert!(missing, "{error}");
    let verified = store.verify(&uri(&there)).unwrap();
    assert_eq!(verified.files[1].state, FileState::Missing);

    s3.put(&object, &good);
    let staged = dataset::stage_from(&there, &store).unwrap();
    assert_same(&here, &staged.uri.to_file_path().unwrap());
}

#[test]
fn a_manifest_that_is_none_is_named() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let store = place.store_at(&s3.endpoint);
    let there = format!("s3://{bucket}/train");
    let error = dataset::stage_from(&there, &store).unwrap_err();
    assert!(
        matches!(error, StageDatasetError::NotThere { .. }),
        "{error}"
    );
    let large = vec![b' '; 5 << 20];
    let malformed = r#"{"name": "x", "files": [{"path": "x", "bytes": 1, "sha256": "00"}]}"#;
    let outside = malformed
        .replace("\"x\", \"bytes\"", "\"../../x\", \"bytes\"")
        .replace("00", &"0".repeat(64));
    let enormous = format!(
        r#"{{"name": "x", "files": [{{"path": "x", "bytes": {}, "sha256": "{}"}}]}}"#,
        u64::MAX,
        "0".repeat(64)
    );
    let manifests: [(&[u8], &str); 7] = [
        (b"", "not a manifest"),
        (b"{\"files\": 3}", "not a manifest"),
        (b"\xff\xfe\x00", "not a manifest"),
        (malformed.as_bytes(), "\"00\" is not a SHA-256"),
        (outside.as_bytes(), "leaves the directory"),
        (enormous.as_bytes(), "does not exist"),
        (&large, "more than allowed"),
    ];
    for (bytes, says) in manifests {
        s3.put(&format!("{bucket}/train/dataset.json"), bytes);
        let text = dataset::stage_from(&there, &store).unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
        assert!(text.contains(&there), "{text}");
    }
    assert_eq!(files(&place.join("cache/objects")).len(), 0);
}

#[test]
fn a_manifest_of_this_machine_is_held_to_the_same() {
    let place = Place::new();
    let here = place.dataset("train", &[10]);
    let good = fs::read_to_string(here.join("dataset.json")).unwrap();
    let deep = format!("{}x", "a/".repeat(40));
    let cases = [
        (good.replace("file 0.bin", "../x"), "leaves the directory"),
        (
            good.replace("file 0.bin", "dataset.json"),
            "or listed twice",
        ),
        (good.replace("file 0.bin", &deep), "deeper than"),
        (" ".repeat(5 << 20), "larger than the limit for manifests"),
    ];
    for (manifest, says) in cases {
        fs::write(here.join("dataset.json"), manifest).unwrap();
        let error = dataset::stage_from(here.to_str().unwrap(), &place.store()).unwrap_err();
        assert!(
            matches!(error, StageDatasetError::Manifest { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_copy_in_the_cache_that_was_changed_is_fetched_once_more() {
    // Its check takes as long as many need to meet in it.
    const SIZE: usize = 4 << 20;
    let place = Place::new();
    let here = place.dataset("train", &[SIZE, 6000]);
    let store = place.store();
    let there = "memory://changed/train";
    store.copy(&file_uri(&here), &uri(there)).unwrap();
    let staged = dataset::stage_from(there, &store).unwrap();
    let path = staged.uri.to_file_path().unwrap();
    let changed = path.join("file 0.bin");
    let damage = || {
        let object = files(&place.join("cache/objects"))
            .into_iter()
            .map(|name| place.join("cache/objects").join(name))
            .find(|object| object.metadata().unwrap().len() == SIZE as u64)
            .unwrap();
        let mut permissions = object.metadata().unwrap().permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "a test's own file")]
        permissions.set_readonly(false);
        fs::set_permissions(&object, permissions).unwrap();
        fs::write(object, noise(SIZE, 99)).unwrap();
    };
    damage();
    assert_ne!(
        fs::read(&changed).unwrap(),
        fs::read(here.join("file 0.bin")).unwrap()
    );
    // In use: nothing is taken away from under somebody.
    let error = dataset::stage_from(there, &store).unwrap_err();
    let changed = matches!(
        error,
        StageDatasetError::Store(StoreError::CacheChanged { .. })
    );
    assert!(changed, "{error}");
    let text = error.to_string();
    assert!(text.contains("in the cache was changed"), "{text}");
    assert!(!text.contains("publish it again"), "{text}");
    drop(staged);

    // Of many who find it at once, each gets what is whole.
    let staged: Vec<_> = thread::scope(|scope| {
        let at_once: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| dataset::stage_from(there, &store).unwrap()))
            .collect();
        at_once.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for staged in staged {
        assert_same(&here, &staged.uri.to_file_path().unwrap());
    }
}
