//! `protea runners check` and `fuzz`: the shipped runners keep the contract, and the suite names what the
//! animals of the zoo do wrong.

#[cfg(target_os = "linux")]
mod animals;
mod face;
mod fuzz;
#[cfg(target_os = "linux")]
mod table;

use protea_e2e::{Place, built, library};

#[test]
fn the_shipped_runners_keep_the_contract() {
    let place = Place::new();
    let files = ["protea_toy", "protea_baseline", "protea_knn"].map(|name| {
        let file = built().join(library(name));
        file.to_str().unwrap().to_owned()
    });
    let mut arguments = vec!["runners", "check", "--only-failed"];
    arguments.extend(files.iter().map(String::as_str));
    let ran = place.protea(arguments);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("3 files"));
}
