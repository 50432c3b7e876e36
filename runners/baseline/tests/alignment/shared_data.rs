//! Real data, if available: `PROTEA_SHARED_DATA` names a directory with a dataset `A`.

use std::path::{Path, PathBuf};

use protea_baseline::{BaselineSpec, Method, Transfer};
use protea_cafa::dataset::{FreezeRequest, freeze, unwatched};

use crate::calls::{METHODS, evaluate, fit, installed, spec};

/// Fmax by aspect of the best identity of a DIAMOND hit with the same sensitivity, scored by
/// cafaeval.
const DIAMOND: [(&str, f64); 3] = [("BPO", 0.349), ("MFO", 0.500), ("CCO", 0.499)];

#[test]
fn diamond_on_dataset_a_scores_as_measured_elsewhere() {
    let Some(data) = std::env::var_os("PROTEA_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("\n*** SKIPPED: PROTEA_SHARED_DATA is not set ***\n");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let [train, test] = ["train", "test"].map(|part| frozen(&data, part, place.path()));
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        for transfer in [Transfer::Identity, Transfer::BitScore] {
            let spec = BaselineSpec {
                transfer,
                minimum_score: 0.0,
                ..spec(method)
            };
            let (model, output) = (place.path().join("model"), place.path().join("out"));
            let started = std::time::Instant::now();
            fit(&spec, &train, &model).unwrap();
            let result = evaluate(&model, &test, &output, 2).unwrap();
            println!(
                "{method:?} {transfer:?} {:.1} s",
                started.elapsed().as_secs_f64()
            );
            for (aspect, expected) in DIAMOND {
                let score = |name: &str| result.metrics[aspect][name].as_f64().unwrap();
                println!(
                    "  {aspect} fmax {:.4} coverage {:.4} wfmax {:?} smin {:.4}",
                    score("fmax"),
                    score("coverage"),
                    result.metrics[aspect].get("wfmax"),
                    score("smin")
                );
                if (method, transfer) == (Method::Diamond, Transfer::Identity) {
                    assert!((score("fmax") - expected).abs() < 1.5e-3, "{aspect}");
                    assert!((0.64..0.69).contains(&score("coverage")), "{aspect}");
                }
            }
        }
    }
}

fn frozen(data: &Path, part: &str, place: &Path) -> PathBuf {
    let input = |name: &str| data.join("A").join(format!("{part}{name}"));
    let mut request = FreezeRequest::new(
        place.join(part),
        format!("A {part}"),
        data.join("go-basic.obo"),
        input(".fasta"),
        input("_terms.tsv"),
    );
    request.ia = Some(data.join("IA.tsv"));
    freeze(&request, &mut unwatched).unwrap().directory
}
