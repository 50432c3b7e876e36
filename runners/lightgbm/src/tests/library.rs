//! LightGBM: a missing library and invalid input are errors with a remedy.

use std::path::Path;

use protea_contracts::RunnerError;

use super::calls::lightgbm;
use crate::library::{LIBRARY, LightGbm, LightGbmError, Matrix};

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
    let parameters = "objective=binary metric=binary_logloss verbosity=-1 num_threads=2";
    let data = library
        .data(&matrix, &labels, &names, parameters, None)
        .unwrap();
    let mut booster = crate::library::Booster::train(&data, &data, parameters).unwrap();
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
