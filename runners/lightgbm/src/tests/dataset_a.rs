//! Real data, if available: `PROTEA_SHARED_DATA` names a directory with a dataset `A`.

use std::path::{Path, PathBuf};

use protea_cafa::dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched};
use protea_contracts::Emitter;

use super::calls::{evaluate, fit_with, lightgbm};
use crate::spec::LightGbmSpec;

/// Fmax by aspect of the votes of 30 neighbours, computed independently.
const VOTES: [(&str, f64); 3] = [("BPO", 0.377), ("MFO", 0.557), ("CCO", 0.695)];

#[test]
fn trees_on_dataset_a_are_at_least_as_good_as_votes() {
    let Some(data) = std::env::var_os("PROTEA_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("\n*** SKIPPED: PROTEA_SHARED_DATA is not set ***\n");
        return;
    };
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let [train, test] = ["train", "test"].map(|part| frozen(&data, part, place.path()));
    let (model, output) = (place.path().join("model"), place.path().join("out"));
    let started = std::time::Instant::now();
    let emit = Emitter::silent();
    let fitted = fit_with(&LightGbmSpec::default(), &train, &model, 0, &emit).unwrap();
    println!("fit {:.1} s", started.elapsed().as_secs_f64());
    let started = std::time::Instant::now();
    let result = evaluate(&model, &test, &output, 0).unwrap();
    println!("evaluate {:.1} s", started.elapsed().as_secs_f64());
    for (aspect, votes) in VOTES {
        let score = |name: &str| result.metrics[aspect][name].as_f64().unwrap();
        println!(
            "  {aspect} fmax {:.4} auc_pr {:.4} wfmax {:?} smin {:.4}; held out {}; trees {}",
            score("fmax"),
            score("auc_pr"),
            result.metrics[aspect].get("wfmax"),
            score("smin"),
            fitted.metrics[aspect],
            fitted.extras[aspect]["trees"],
        );
        assert!(score("fmax") >= votes, "{aspect}");
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
    request.embeddings = EmbeddingSource::Matrix {
        matrix: input("_embeddings.npy"),
        ids: input("_ids.txt"),
        source: None,
    };
    request.taxonomy = Some(input("_taxonomy.tsv"));
    request.ia = Some(data.join("IA.tsv"));
    freeze(&request, &mut unwatched).unwrap().directory
}
