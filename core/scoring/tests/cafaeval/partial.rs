//! Known terms and terms of interest: compares every cell with CAFA-evaluator-PK.

use std::path::Path;

use protea_ontology::{Ontology, Reading};
use protea_scoring::{
    Evaluation, GroundTruth, InformationAccretion, Norm, PartialKnowledge, PredictionFile,
    Predictions, Propagation, ScoringError, ScoringOptions, TermsOfInterest, evaluate,
    evaluate_partial, prediction_files,
};

use crate::{common::shared_data, tables::assert_equal_tables};

/// The input of the variants of a data set.
struct Case {
    truth: GroundTruth<'static>,
    known: GroundTruth<'static>,
    interest: TermsOfInterest<'static>,
    accretion: InformationAccretion<'static>,
}

impl Case {
    fn read(ontology: &Path, ia: &Path, directory: &Path, interest: &str) -> Case {
        let ontology: &'static Ontology = Box::leak(Box::new(
            Ontology::read_as(ontology, Reading::Cafaeval).unwrap(),
        ));
        let file = |name: &str| directory.join(name);
        let truth = ["truth.tsv", "gt.tsv"].map(file);
        let truth = truth.iter().find(|path| path.exists()).unwrap();
        Case {
            truth: GroundTruth::read(truth, ontology).unwrap(),
            known: GroundTruth::read_known(file("known.tsv"), ontology).unwrap(),
            interest: TermsOfInterest::read(file(interest), ontology).unwrap(),
            accretion: InformationAccretion::read(ia, ontology).unwrap(),
        }
    }

    /// Scores a variant. Its name determines the input.
    fn check(&self, variant: &str, predictions: &Path, options: &ScoringOptions, expected: &Path) {
        let knowledge = PartialKnowledge {
            known: variant.contains("known").then_some(&self.known),
            interest: variant.contains("toi").then_some(&self.interest),
        };
        let accretion = (!variant.contains("noia")).then_some(&self.accretion);
        let score = |file: &PredictionFile| -> Evaluation {
            let predictions = Predictions::read(&file.path, &self.truth, &file.name).unwrap();
            evaluate_partial(&predictions, accretion, options, &knowledge).unwrap()
        };
        let files = prediction_files(predictions).unwrap();
        let evaluations: Vec<Evaluation> = files.iter().map(score).collect();
        let expected = expected.join(variant);
        assert_equal_tables(&evaluations, accretion.is_some(), options, &expected);
    }
}

#[test]
fn partial_knowledge_equals_the_reference() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cafaeval_pk");
    let case = Case::read(
        &data.join("ontology.obo"),
        &data.join("ia.tsv"),
        &data,
        "toi.txt",
    );
    let tenth = || ScoringOptions {
        th_step: 0.1,
        ..ScoringOptions::default()
    };
    let without_orphans = || ScoringOptions {
        no_orphans: true,
        ..tenth()
    };
    let first_of_predicted = || ScoringOptions {
        max_terms: Some(2),
        norm: Norm::Pred,
        ..tenth()
    };
    let filled = ScoringOptions {
        prop: Propagation::Fill,
        norm: Norm::Gt,
        ..tenth()
    };
    let variants = [
        ("default", ScoringOptions::default()),
        ("known", tenth()),
        ("toi", tenth()),
        ("known_toi", tenth()),
        ("no_orphans", without_orphans()),
        ("known_no_orphans", without_orphans()),
        ("toi_no_orphans", without_orphans()),
        ("known_toi_no_orphans", without_orphans()),
        ("known_noia", tenth()),
        ("known_fill_gt", filled),
        ("toi_max_terms_pred", first_of_predicted()),
        ("known_max_terms_pred", first_of_predicted()),
    ];
    for (variant, options) in variants {
        case.check(
            variant,
            &data.join("predictions"),
            &options,
            &data.join("expected"),
        );
    }
}

#[test]
fn mini_equals_the_reference_in_every_variant() {
    let Some(data) = shared_data() else { return };
    let case = Case::read(
        &data.join("go-basic.obo"),
        &data.join("IA.tsv"),
        &data.join("mini"),
        "toi.tsv",
    );
    for variant in ["default", "known", "toi", "known_toi_noorph"] {
        let options = ScoringOptions {
            no_orphans: variant.contains("noorph"),
            ..ScoringOptions::default()
        };
        case.check(
            variant,
            &data.join("mini/pred"),
            &options,
            &data.join("expected/mini_pk"),
        );
    }
}

const OBO: &str = "\
[Term]\nid: GO:0003674\nnamespace: molecular_function\n
[Term]\nid: GO:0005488\nnamespace: molecular_function\nis_a: GO:0003674\n
[Term]\nid: GO:0003824\nnamespace: molecular_function\nis_a: GO:0003674\n
[Term]\nid: GO:0005575\nnamespace: cellular_component\n
[Term]\nid: GO:0005634\nnamespace: cellular_component\nis_a: GO:0005575\n";

/// In both cases CAFA-evaluator-PK raises an exception or reports an infinite coverage.
#[test]
fn namespaces_with_nothing_or_everything_known_work() {
    let ontology = Ontology::parse(OBO.as_bytes(), "go.obo").unwrap();
    let annotated = |rows: &[(&str, &str)]| {
        GroundTruth::from_annotations(&ontology, "table", rows.iter().copied()).unwrap()
    };
    let truth = annotated(&[("P1", "GO:0005488"), ("P1", "GO:0005634")]);
    let known = annotated(&[("P1", "GO:0005634"), ("P2", "GO:0005634")]);
    let mut predictions = Predictions::new(&truth, "p");
    predictions.push("P1", "GO:0005488", 0.5);
    predictions.push("P1", "GO:0003824", 0.5);
    predictions.push("P1", "GO:0005634", 0.9);
    let knowledge = PartialKnowledge {
        known: Some(&known),
        interest: None,
    };
    let options = ScoringOptions::default();
    let found = evaluate_partial(&predictions, None, &options, &knowledge).unwrap();
    // In a namespace without known terms, the scores equal those of an evaluation without known
    // terms.
    let plain = evaluate(&predictions, None, &options).unwrap();
    assert_eq!(found.namespaces.len(), 1);
    assert_eq!(found.namespaces[0].curve, plain.namespaces[0].curve);
    assert_eq!(knowledge.nothing_known(&truth), ["molecular_function"]);
    let left = knowledge.nothing_left(&truth, &options);
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].namespace.as_str(), left[0].proteins),
        ("cellular_component", 1)
    );

    // No namespace has a term left to predict.
    let everything = PartialKnowledge {
        known: Some(&truth),
        interest: None,
    };
    let error = evaluate_partial(&predictions, None, &options, &everything).unwrap_err();
    assert!(matches!(error, ScoringError::NothingLeft { .. }), "{error}");
    assert!(error.to_string().contains("already known"), "{error}");
    // Predictions for other proteins give the usual error.
    let nothing = Predictions::new(&truth, "p");
    let error = evaluate_partial(&nothing, None, &options, &knowledge).unwrap_err();
    assert!(matches!(error, ScoringError::NoOverlap { .. }), "{error}");

    let another = Ontology::parse(OBO.as_bytes(), "go.obo").unwrap();
    let rows = [("P1", "GO:0005634")];
    let foreign = GroundTruth::from_annotations(&another, "known", rows).unwrap();
    let knowledge = PartialKnowledge {
        known: Some(&foreign),
        interest: None,
    };
    let error = evaluate_partial(&predictions, None, &options, &knowledge).unwrap_err();
    assert!(matches!(error, ScoringError::Mixed { .. }), "{error}");
}

/// Without any weight, protea reports a weighted score of 0 and CAFA-evaluator-PK reports NaN.
#[test]
fn a_namespace_without_weights_has_zero_weighted_scores() {
    let ontology = Ontology::parse(OBO.as_bytes(), "go.obo").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ia = directory.path().join("ia.tsv");
    std::fs::write(&ia, "GO:0005634\t1.5\n").unwrap();
    let accretion = InformationAccretion::read(&ia, &ontology).unwrap();
    let rows = [("P1", "GO:0005488")];
    let truth = GroundTruth::from_annotations(&ontology, "truth", rows).unwrap();
    let mut predictions = Predictions::new(&truth, "p");
    predictions.push("P1", "GO:0005488", 0.5);
    let options = ScoringOptions::default();
    let nothing = PartialKnowledge::default();
    let found = evaluate_partial(&predictions, Some(&accretion), &options, &nothing).unwrap();
    let scores = &found.namespaces[0];
    assert_eq!((scores.fmax(), scores.coverage()), (1.0, 1.0));
    assert_eq!(
        (scores.wfmax(), scores.smin(), scores.coverage_weighted()),
        (Some(0.0), Some(0.0), Some(0.0))
    );
}

#[test]
fn terms_of_interest_accept_any_id_and_errors_help() {
    let text = OBO.replace("is_a: GO:0005575", "alt_id: GO:0000001\nis_a: GO:0005575");
    let text = text.replacen(
        "id: GO:0005488\n",
        "id: GO:0005488\nalt_id: GO:0000001\n",
        1,
    );
    let ontology = Ontology::parse(text.as_bytes(), "go.obo").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let list = |text: &str| {
        let path = directory.path().join("toi.txt");
        std::fs::write(&path, text).unwrap();
        TermsOfInterest::read(&path, &ontology)
    };
    // An alternative id of terms in two namespaces followed by more columns, a blank line, and
    // unknown ids.
    let terms = list("\nGO:0000001\tand more\r\nGO:7777777\nterm").unwrap();
    assert_eq!(terms.len(), 2);
    for id in ["GO:0005488", "GO:0005634"] {
        assert!(terms.contains(ontology.primary(id).unwrap()), "{id}");
    }
    assert_eq!((terms.unknown().lines, terms.unknown().distinct), (2, 2));
    for text in ["", "\n\n", "GO:7777777\n", "\0\u{1}\n"] {
        let error = list(text).unwrap_err();
        assert!(
            matches!(error, ScoringError::NoTermOfInterest { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("one id such as"), "{error}");
    }
    let error = TermsOfInterest::read(directory.path(), &ontology).unwrap_err();
    assert!(matches!(error, ScoringError::Directory { .. }), "{error}");
    let path = directory.path().join("known.tsv");
    std::fs::write(&path, "P1\tGO:7777777\n").unwrap();
    let error = GroundTruth::read_known(&path, &ontology)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("the known annotations"), "{error}");
}
