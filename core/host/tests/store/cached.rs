//! The cache: what it keeps, what it throws away, and who may be at it at once.

use std::{
    fs, thread,
    time::{Duration, SystemTime},
};

use protea_core::{
    StageDatasetError, Store, StoreError, dataset,
    store::{Cache, TransferKind},
};

use crate::{
    place::{EndAfter, Place, assert_same, file_uri, files, noise, uri},
    proxy::Proxy,
    s3::S3,
};

const KIB: usize = 1024;

/// A store in memory, with datasets `a`, `b`, `c` of 100 KiB and a file that they share.
fn filled(place: &Place, name: &str) -> Vec<String> {
    let store = place.store();
    ["a", "b", "c"]
        .into_iter()
        .enumerate()
        .map(|(number, dataset)| {
            let here = place.dataset(dataset, &[100 * KIB + number, 10 * KIB]);
            let there = format!("memory://{name}/{dataset}");
            store.copy(&file_uri(&here), &uri(&there)).unwrap();
            there
        })
        .collect()
}

fn with_limit(place: &Place, limit: usize) -> Store {
    let cache = Cache::new(place.join("cache"), limit as u64);
    place.store().with_cache(cache)
}

#[test]
fn a_file_that_datasets_share_is_kept_once() {
    let place = Place::new();
    let there = filled(&place, "shared");
    let store = place.store();
    for dataset in &there {
        dataset::stage_from(dataset, &store).unwrap();
    }
    let usage = place.cache().usage().unwrap();
    assert_eq!((usage.directories, usage.in_use), (3, 0));
    // Names of one letter make the same second file.
    assert_eq!(usage.objects, 4);
    assert_eq!(usage.object_bytes, (3 * 100 * KIB + 3 + 10 * KIB) as u64);
}

#[test]
fn the_least_recently_used_is_evicted_unless_in_use() {
    let place = Place::new();
    let there = filled(&place, "evicted");
    let store = with_limit(&place, 250 * KIB);
    let stage = |number: usize| dataset::stage_from(&there[number], &store).unwrap();
    let path = |dataset: &protea_core::Dataset| dataset.uri.to_file_path().unwrap();

    let (a, b) = (path(&stage(0)), path(&stage(1)));
    let used_again = path(&stage(0));
    assert_eq!(a, used_again);
    let c = stage(2);
    assert!(a.exists(), "it was used after the other");
    assert!(!b.exists());
    assert!(path(&c).exists());

    // Both are in use now; the third is over the limit, and stays as long as it is.
    let a = stage(0);
    let b = stage(1);
    for dataset in [&a, &b, &c] {
        assert!(path(dataset).join("file 0.bin").exists());
    }
    let cleared = place.cache().clear().unwrap();
    assert_eq!((cleared.in_use, cleared.directories), (3, 0));
    let still = b.clone();
    drop((a, b));
    let cleared = place.cache().clear().unwrap();
    assert_eq!((cleared.in_use, cleared.directories), (2, 1));
    assert_same(&place.join("b"), &path(&still));
    drop((still, c));
    assert_eq!(place.cache().clear().unwrap().directories, 2);
    assert_eq!(files(&place.join("cache/objects")).len(), 0);
}

#[test]
fn partial_downloads_and_datasets_are_evicted_by_age() {
    let place = Place::new();
    let there = filled(&place, "aged");
    let store = with_limit(&place, 350 * KIB);
    let stage = |number: usize| dataset::stage_from(&there[number], &store).unwrap();
    let part = place.join("cache/parts").join("0".repeat(64));
    let interrupted = |age: Duration| {
        fs::write(&part, noise(100 * KIB, 5)).unwrap();
        let file = fs::File::options().write(true).open(&part).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    let a = stage(0).uri.to_file_path().unwrap();
    interrupted(Duration::ZERO);
    stage(1);
    stage(2);
    assert!(
        part.exists(),
        "it was under way when the dataset was done with"
    );
    assert!(!a.exists());

    interrupted(Duration::from_secs(3600));
    stage(0);
    assert!(!part.exists());
}

#[test]
fn a_download_resumes_however_near_the_limit_is() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let proxy = Proxy::before(&s3.endpoint);
    let cache = Cache::new(place.join("cache"), 42 << 20);
    let store = place.store_at(&proxy.endpoint).with_cache(cache);
    let there = ["small", "large"].map(|name| {
        let sizes: &[usize] = match name {
            "small" => &[1 << 20],
            _ => &[40 << 20],
        };
        let there = format!("s3://{bucket}/{name}");
        let here = place.dataset(name, sizes);
        store.copy(&file_uri(&here), &uri(&there)).unwrap();
        there
    });
    let small = {
        let staged = dataset::stage_from(&there[0], &store).unwrap();
        staged.uri.to_file_path().unwrap()
    };

    proxy.slow(Duration::from_millis(2));
    let observer = EndAfter::new(TransferKind::Download, 36 << 20);
    let ending = store.clone().with_observer(observer);
    let error = dataset::stage_from(&there[1], &ending).unwrap_err();
    let cancelled = matches!(error, StageDatasetError::Store(StoreError::Cancelled));
    assert!(cancelled, "{error}");

    proxy.slow(Duration::ZERO);
    let before = proxy.passed();
    dataset::stage_from(&there[1], &store).unwrap();
    let again = proxy.passed() - before;
    assert!(again < 34 << 20, "{again}");
    assert!(small.exists(), "both fit");
}

#[test]
fn concurrent_stages_are_whole_despite_the_limit() {
    let place = Place::new();
    let there = filled(&place, "crowd");
    thread::scope(|scope| {
        for number in 0..12 {
            let (there, place) = (&there, &place);
            scope.spawn(move || {
                // Less than what two of them need: somebody is always thrown out.
                let store = with_limit(place, 150 * KIB);
                for round in 0..4 {
                    let at = (number + round) % 3;
                    let staged = dataset::stage_from(&there[at], &store).unwrap();
                    let path = staged.uri.to_file_path().unwrap();
                    assert_same(&place.join(["a", "b", "c"][at]), &path);
                }
            });
        }
    });
    assert_eq!(place.cache().usage().unwrap().in_use, 0);
}

#[test]
fn what_a_killed_process_left_is_taken_up_or_cleared() {
    let place = Place::new();
    let there = filled(&place, "left");
    let store = place.store();
    let path = {
        let staged = dataset::stage_from(&there[0], &store).unwrap();
        staged.uri.to_file_path().unwrap()
    };
    // As if it had been killed before the directory was whole.
    let making = path.with_extension("new");
    fs::rename(&path, &making).unwrap();
    fs::remove_file(making.join("more/1.bin")).unwrap();
    fs::write(place.join("cache/parts").join("0".repeat(64)), "x").unwrap();
    assert_eq!(place.cache().usage().unwrap().directories, 1);
    let staged = dataset::stage_from(&there[0], &store).unwrap();
    assert_same(&place.join("a"), &staged.uri.to_file_path().unwrap());
    assert!(!making.exists());
    place.cache().clear().unwrap();
    assert_eq!(files(&place.join("cache/parts")).len(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_look_into_it() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let there = filled(&place, "private");
    dataset::stage_from(&there[0], &place.store()).unwrap();
    let mode = |path: &str| place.join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("cache"), 0o700);
    assert_eq!(mode("cache/trees"), 0o700);
}
