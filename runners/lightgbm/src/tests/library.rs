//! LightGBM: a missing library and invalid input are errors with a remedy.

use std::path::Path;

use protea_contracts::RunnerError;

use super::calls::lightgbm;
use crate::library::{Booster, LIBRARY, LightGbm, LightGbmError, Matrix, Threads};

fn remedy(error: LightGbmError) -> (String, String) {
    match RunnerError::from(error) {
        RunnerError::Missing { what, remedy } => (what, remedy),
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_missing_library_is_an_error_with_the_remedy() {
    let (what, how) = remedy(LightGbmError::Missing);
    assert!(what.contains(LIBRARY.file), "{what}");
    assert!(how.contains("runners/lightgbm/build"), "{how}");
    assert!(how.contains("PROTEA_LIGHTGBM_LIBRARY"), "{how}");

    let missing = Path::new("/no/such/lib_lightgbm.so");
    let error = LightGbm::open_file(missing).err().unwrap();
    assert!(matches!(&error, LightGbmError::Open { path, .. } if path == missing));
    let (what, how) = remedy(error);
    assert!(what.contains("/no/such"), "{what}");
    assert!(how.contains("libgomp1"), "{how}");

    let (what, _) = remedy(LightGbmError::FileNotFound {
        path: missing.to_owned(),
    });
    assert!(
        what.contains("PROTEA_LIGHTGBM_LIBRARY names /no/such"),
        "{what}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_different_library_is_an_error() {
    let error = LightGbm::open_file(Path::new("libm.so.6")).err().unwrap();
    assert!(
        matches!(&error, LightGbmError::TooOld { function, .. } if *function == "LGBM_GetLastError"),
        "{error}"
    );
    let (what, _) = remedy(error);
    assert!(what.contains("4.2 or newer"), "{what}");
}

fn parameters(threads: &Threads) -> String {
    format!(
        "objective=binary metric=binary_logloss verbosity=-1 num_threads={}",
        threads.get()
    )
}

#[test]
fn calls_at_the_same_time_use_the_same_number_of_threads() {
    let rows = 1_000_000;
    let first = Threads::claim(rows, 3);
    std::thread::scope(|scope| {
        for wanted in [1, 2, 8] {
            let first = &first;
            scope.spawn(move || assert_eq!(Threads::claim(rows, wanted).get(), first.get()));
        }
    });
    assert_eq!(Threads::claim(1, 5).get(), first.get());
}

/// LightGBM crashed here while each call set a number of its own.
#[test]
fn trainings_and_predictions_run_side_by_side() {
    let Some(library) = lightgbm() else { return };
    let mut matrix = Matrix::new(2);
    let mut labels = Vec::new();
    for row in 0..20_000_u16 {
        matrix.push([f32::from(row % 997), f32::from(row % 7)]);
        labels.push(f32::from(u8::from(row % 997 > 500)));
    }
    let names = ["size", "rest"].map(str::to_owned);
    let train = |wanted| {
        let threads = Threads::claim(matrix.rows(), wanted);
        let parameters = parameters(&threads) + " deterministic=true force_row_wise=true";
        let data = library
            .data(&matrix, &labels, &names, &parameters, None)
            .unwrap();
        let mut booster = Booster::train(&data, &data, &parameters).unwrap();
        for _ in 0..10 {
            booster.update().unwrap();
        }
        booster.to_text(10).unwrap()
    };
    let expected = train(1);
    let booster = library.read(&expected).unwrap();
    let scores = booster.predict(&matrix, 1).unwrap();
    std::thread::scope(|scope| {
        for wanted in [1, 4] {
            let (train, expected) = (&train, &expected);
            scope.spawn(move || assert_eq!(&train(wanted), expected));
        }
        for wanted in [2, 8] {
            let (booster, matrix, scores) = (&booster, &matrix, &scores);
            scope.spawn(move || {
                for _ in 0..5 {
                    assert_eq!(&booster.predict(matrix, wanted).unwrap(), scores);
                }
            });
        }
    });
}

#[test]
fn invalid_models_and_widths_are_errors() {
    let Some(library) = lightgbm() else { return };
    for text in ["", "nonsense", "tree\nversion=v4\nnum_class=1\n"] {
        let error = library.read(text).err();
        assert!(
            matches!(error, Some(LightGbmError::Call { .. })),
            "{text:?}: {error:?}"
        );
    }
    assert!(matches!(library.read("a\0b"), Err(LightGbmError::NulByte)));

    let mut matrix = Matrix::new(2);
    let mut labels = Vec::new();
    for row in 0..400_u16 {
        matrix.push([f32::from(row), f32::from(row % 7)]);
        labels.push(f32::from(u8::from(row >= 200)));
    }
    let names = ["size", "rest"].map(str::to_owned);
    let threads = Threads::claim(matrix.rows(), 2);
    let parameters = parameters(&threads);
    let data = library
        .data(&matrix, &labels, &names, &parameters, None)
        .unwrap();
    let mut booster = Booster::train(&data, &data, &parameters).unwrap();
    let mut losses = Vec::new();
    for _ in 0..20 {
        booster.update().unwrap();
        losses.push(booster.losses().unwrap()[0]);
    }
    assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
    let text = booster.to_text(20).unwrap();
    assert!(text.contains("[num_threads: 0]"));
    assert!(text.contains("feature_names=size rest"));
    let read = library.read(&text).unwrap();
    assert_eq!(
        read.predict(&matrix, 1).unwrap(),
        booster.predict(&matrix, 2).unwrap()
    );
    let gain = read.gain().unwrap();
    assert!(gain[0] > 100.0 * gain[1], "{gain:?}");
    let other = Matrix::new(3);
    assert!(matches!(
        read.predict(&other, 1),
        Err(LightGbmError::Shape {
            expected: 2,
            found: 3
        })
    ));
}
