//! Scores a directory of predictions: `score ONTOLOGY PREDICTIONS GROUND_TRUTH [IA] [OUT_DIR]`.

use std::time::Instant;

use protea_cafa::ontology::Ontology;
use protea_cafa::scoring::{
    GroundTruth, InformationAccretion, ScoringOptions, evaluate_files, prediction_files, write_tables,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let options = ScoringOptions::default();
    let start = Instant::now();
    let ontology = Ontology::read(&args[0])?;
    eprintln!("ontology {:?}", start.elapsed());
    let truth = GroundTruth::read(&args[2], &ontology)?;
    let ia = args.get(3).map(|f| InformationAccretion::read(f, &ontology)).transpose()?;
    eprintln!("truth, ia {:?}", start.elapsed());
    let evaluations = evaluate_files(&truth, &prediction_files(&args[1])?, ia.as_ref(), &options)?;
    eprintln!("evaluate {:?}", start.elapsed());
    if let Some(out) = args.get(4) {
        write_tables(out, &evaluations, &options)?;
    }
    eprintln!("all {:?}", start.elapsed());
    Ok(())
}
