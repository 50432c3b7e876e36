//! Every cell against cafaeval 1.3.0.

mod common;

use common::{assert_equals_cafaeval, shared_data, variants};
use protea_cafa::ontology::Ontology;
use protea_cafa::scoring::{GroundTruth, InformationAccretion, ScoringOptions};

#[test]
fn mini_equals_cafaeval_in_every_variant() {
    let Some(data) = shared_data() else { return };
    let ontology = Ontology::read(data.join("go-basic.obo")).unwrap();
    let truth = GroundTruth::read(data.join("mini/gt.tsv"), &ontology).unwrap();
    let accretion = InformationAccretion::read(data.join("IA.tsv"), &ontology).unwrap();
    for (variant, options, weighted) in variants() {
        let expected = data.join("expected/mini").join(variant);
        assert_equals_cafaeval(&truth, &data.join("mini/pred"), weighted.then_some(&accretion), &options, &expected);
    }
}

#[test]
fn dataset_a_equals_cafaeval() {
    let Some(data) = shared_data() else { return };
    let ontology = Ontology::read(data.join("go-basic.obo")).unwrap();
    let truth = GroundTruth::read(data.join("A/test_terms.tsv"), &ontology).unwrap();
    let accretion = InformationAccretion::read(data.join("IA.tsv"), &ontology).unwrap();
    let options = ScoringOptions::default();
    assert_equals_cafaeval(&truth, &data.join("pred/A"), Some(&accretion), &options, &data.join("expected/A/default"));
}

#[test]
fn information_accretion_equals_that_of_the_organisers() {
    let Some(data) = shared_data() else { return };
    let ontology = Ontology::read(data.join("go-basic.obo")).unwrap();
    let train = GroundTruth::read(data.join("A/train_terms.tsv"), &ontology).unwrap();
    let ours = InformationAccretion::from_annotations(&train);
    let theirs = InformationAccretion::read(data.join("A/IA_train.tsv"), &ontology).unwrap();
    for term in ontology.terms() {
        assert!((ours.of(term) - theirs.of(term)).abs() < 1e-12, "{}: {} and {}", ontology.id(term), ours.of(term), theirs.of(term));
    }
}
