//! The example application that embeds the host.

use protea_e2e::{Place, built, test, train};

#[test]
fn the_example_host_runs_a_runner_and_prints_its_scores() {
    let place = Place::new();
    let results = place.join("results");
    let ran = place.run(
        &built().join("example-host"),
        [
            "knn".as_ref(),
            train().as_os_str(),
            test().as_os_str(),
            results.as_os_str(),
        ],
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for metric in ["MFO.fmax\t0.", "BPO.wfmax\t0.", "CCO.smin\t"] {
        assert!(ran.stdout.contains(metric), "{ran:#?}");
    }
    assert!(results.join("workspace").is_dir());
}
