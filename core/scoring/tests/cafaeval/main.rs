//! Compares every cell of the tables with cafaeval 1.3.0 and CAFA-evaluator-PK.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../ontology/tests/common/mod.rs"]
mod common;
mod partial;
mod tables;

use std::path::Path;

use common::shared_data;
use protea_ontology::{Ontology, Reading};
use protea_scoring::{GroundTruth, InformationAccretion, Norm, Propagation, ScoringOptions};
use tables::assert_equals_cafaeval;

/// A small data set with many edge cases. Its README describes how cafaeval computed the tables.
#[test]
fn edge_cases_equal_cafaeval_in_every_variant() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cafaeval");
    let ontology = Ontology::read_as(data.join("ontology.obo"), Reading::Cafaeval).unwrap();
    let truth = GroundTruth::read(data.join("truth.tsv"), &ontology).unwrap();
    let accretion = InformationAccretion::read(data.join("ia.tsv"), &ontology).unwrap();
    let tenth = || ScoringOptions {
        th_step: 0.1,
        ..ScoringOptions::default()
    };
    let all = ScoringOptions {
        norm: Norm::Pred,
        prop: Propagation::Fill,
        no_orphans: true,
        th_step: 0.1,
        max_terms: Some(2),
    };
    let variants = [
        ("default", ScoringOptions::default(), true),
        ("step_0.1", tenth(), true),
        (
            "step_0.03",
            ScoringOptions {
                th_step: 0.03,
                ..tenth()
            },
            true,
        ),
        (
            "fill",
            ScoringOptions {
                prop: Propagation::Fill,
                ..tenth()
            },
            true,
        ),
        (
            "max_terms_3",
            ScoringOptions {
                max_terms: Some(3),
                ..tenth()
            },
            true,
        ),
        (
            "no_orphans",
            ScoringOptions {
                no_orphans: true,
                ..tenth()
            },
            true,
        ),
        ("noia", tenth(), false),
        (
            "norm_gt",
            ScoringOptions {
                norm: Norm::Gt,
                ..tenth()
            },
            true,
        ),
        (
            "norm_pred",
            ScoringOptions {
                norm: Norm::Pred,
                ..tenth()
            },
            true,
        ),
        ("all_but_ia", all, true),
    ];
    for (variant, options, weighted) in variants {
        let expected = data.join("expected").join(variant);
        assert_equals_cafaeval(
            &truth,
            &data.join("predictions"),
            weighted.then_some(&accretion),
            &options,
            &expected,
        );
    }
}

#[test]
fn mini_equals_cafaeval_in_every_variant() {
    let Some(data) = shared_data() else { return };
    let ontology = Ontology::read(data.join("go-basic.obo")).unwrap();
    let truth = GroundTruth::read(data.join("mini/gt.tsv"), &ontology).unwrap();
    let accretion = InformationAccretion::read(data.join("IA.tsv"), &ontology).unwrap();
    let default = ScoringOptions::default;
    let variants = [
        ("default", default(), true),
        (
            "fill",
            ScoringOptions {
                prop: Propagation::Fill,
                ..default()
            },
            true,
        ),
        (
            "max_terms_10",
            ScoringOptions {
                max_terms: Some(10),
                ..default()
            },
            true,
        ),
        (
            "no_orphans",
            ScoringOptions {
                no_orphans: true,
                ..default()
            },
            true,
        ),
        ("noia", default(), false),
        (
            "norm_gt",
            ScoringOptions {
                norm: Norm::Gt,
                ..default()
            },
            true,
        ),
        (
            "norm_pred",
            ScoringOptions {
                norm: Norm::Pred,
                ..default()
            },
            true,
        ),
        (
            "step_0.001",
            ScoringOptions {
                th_step: 0.001,
                ..default()
            },
            true,
        ),
        (
            "step_0.05",
            ScoringOptions {
                th_step: 0.05,
                ..default()
            },
            true,
        ),
    ];
    for (variant, options, weighted) in variants {
        let expected = data.join("expected/mini").join(variant);
        assert_equals_cafaeval(
            &truth,
            &data.join("mini/pred"),
            weighted.then_some(&accretion),
            &options,
            &expected,
        );
    }
}

#[test]
fn dataset_a_equals_cafaeval() {
    let Some(data) = shared_data() else { return };
    let ontology = Ontology::read(data.join("go-basic.obo")).unwrap();
    let truth = GroundTruth::read(data.join("A/test_terms.tsv"), &ontology).unwrap();
    let accretion = InformationAccretion::read(data.join("IA.tsv"), &ontology).unwrap();
    let options = ScoringOptions::default();
    assert_equals_cafaeval(
        &truth,
        &data.join("pred/A"),
        Some(&accretion),
        &options,
        &data.join("expected/A/default"),
    );
}

#[test]
fn information_accretion_equals_that_of_the_organisers() {
    let Some(data) = shared_data() else { return };
    let ontology = Ontology::read(data.join("go-basic.obo")).unwrap();
    let train = GroundTruth::read(data.join("A/train_terms.tsv"), &ontology).unwrap();
    let ours = InformationAccretion::from_annotations(&train);
    let theirs = InformationAccretion::read(data.join("A/IA_train.tsv"), &ontology).unwrap();
    for term in ontology.terms() {
        assert!(
            (ours.value(term) - theirs.value(term)).abs() < 1e-12,
            "{}: {} and {}",
            ontology.id(term),
            ours.value(term),
            theirs.value(term)
        );
    }
}
