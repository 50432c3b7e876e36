//! Compares the ontology reader with fastobo, and tests that it rejects malformed files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use fastobo::ast::{EntityFrame, TermClause};
use proptest::prelude::*;
use protea_ontology::{Aspect, Ontology, OntologyError, Reading};

#[derive(Default, Debug, PartialEq)]
struct Facts {
    name: String,
    namespace: String,
    alt_ids: BTreeSet<String>,
    parents: BTreeSet<String>,
}

/// Reads an ontology with fastobo: the terms with a namespace that are not obsolete, and their
/// edges within the namespace.
fn by_fastobo(bytes: &[u8], reading: Reading) -> BTreeMap<String, Facts> {
    let document = fastobo::from_reader(bytes).unwrap();
    let mut all = BTreeMap::new();
    for frame in document.entities() {
        let EntityFrame::Term(frame) = frame else {
            continue;
        };
        let mut facts = Facts::default();
        let mut obsolete = false;
        for line in frame.clauses() {
            match line.as_inner() {
                TermClause::Name(name) => facts.name = name.as_str().to_owned(),
                TermClause::Namespace(namespace) => facts.namespace = namespace.to_string(),
                TermClause::AltId(id) => drop(facts.alt_ids.insert(id.to_string())),
                TermClause::IsA(id) => drop(facts.parents.insert(id.to_string())),
                TermClause::Relationship(relation, id) if relation.to_string() == "part_of" => {
                    facts.parents.insert(id.to_string());
                }
                TermClause::IsObsolete(value) => {
                    obsolete = *value || reading == Reading::Cafaeval;
                }
                _ => {}
            }
        }
        if !obsolete && !facts.namespace.is_empty() {
            all.insert(frame.id().as_inner().to_string(), facts);
        }
    }
    let namespaces: BTreeMap<String, String> = all
        .iter()
        .map(|(id, f)| (id.clone(), f.namespace.clone()))
        .collect();
    for facts in all.values_mut() {
        facts
            .parents
            .retain(|p| namespaces.get(p) == Some(&facts.namespace));
    }
    all
}

fn assert_equals_fastobo(bytes: &[u8]) {
    for reading in [Reading::Specification, Reading::Cafaeval] {
        assert_reading_equals_fastobo(bytes, reading);
    }
}

fn assert_reading_equals_fastobo(bytes: &[u8], reading: Reading) {
    let ontology = Ontology::parse_as(bytes, "test", reading).unwrap();
    let theirs = by_fastobo(bytes, reading);
    assert_eq!(ontology.len(), theirs.len());
    for term in ontology.terms() {
        let facts = &theirs[ontology.id(term)];
        let namespace = &ontology.namespaces()[ontology.namespace_of(term)];
        assert_eq!(ontology.name(term), facts.name, "{}", ontology.id(term));
        assert_eq!(namespace.name(), facts.namespace, "{}", ontology.id(term));
        let parents: BTreeSet<String> = ontology
            .parents(term)
            .iter()
            .map(|&p| ontology.id(p).to_owned())
            .collect();
        assert_eq!(parents, facts.parents, "{}", ontology.id(term));
        assert_eq!(ontology.primary(ontology.id(term)), Some(term));
        for alt in facts.alt_ids.iter().filter(|a| !theirs.contains_key(*a)) {
            let first = ontology.resolve(alt)[0];
            assert!(
                ontology.resolve(alt).contains(&term)
                    || ontology.namespace_of(first) < ontology.namespace_of(term),
                "{alt} of {}",
                ontology.id(term)
            );
        }
    }
}

#[test]
fn cafaeval_test_ontology_equals_fastobo() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../scoring/tests/data/cafaeval/ontology.obo");
    assert_equals_fastobo(&std::fs::read(path).unwrap());
}

#[test]
fn modifiers_comments_and_other_tags_equal_fastobo() {
    assert_equals_fastobo(
        b"format-version: 1.2\ndate: 01:07:2022 12:00\nsubsetdef: goslim \"slim: is_a\"\n\n\
          [Term]\nid: GO:0000001\nname: root\nnamespace: biological_process\n\n\
          [Term]\nid: GO:0000002\nname: child\nnamespace: biological_process\ndef: \"id: GO:1\" [PMID:1]\n\
          synonym: \"other\" EXACT []\nsubset: goslim\nxref: EC:1.1.1.1\nis_a: GO:0000001 {is_inferred=\"true\"} ! root\n\
          relationship: regulates GO:0000001 ! root\nrelationship: part_of GO:0000001 {gci=\"x\"} ! root\n\n\
          [Typedef]\nid: part_of\nname: part of\nnamespace: biological_process\nis_transitive: true\n",
    );
}

#[test]
fn go_equals_fastobo() {
    let Some(data) = common::shared_data() else {
        return;
    };
    let bytes = std::fs::read(data.join("go-basic.obo")).unwrap();
    assert_equals_fastobo(&bytes);
    let go = Ontology::parse(&bytes, "go-basic.obo").unwrap();
    let counts = Aspect::ALL.map(|a| go.namespaces()[go.namespace_of_aspect(a).unwrap()].len());
    assert_eq!(counts, [11_238, 28_140, 4_180]);
    assert_eq!(
        (go.obsolete(), go.version()),
        (3_910, Some("releases/2022-07-01"))
    );
    let root = go.primary("GO:0008150").unwrap();
    assert_eq!(go.namespaces()[0].roots(), [root]);
}

fn term(id: &str, more: &str) -> String {
    format!("[Term]\nid: {id}\nname: {id}\nnamespace: n\n{more}\n")
}

#[test]
fn graph_queries_follow_the_edges() {
    let text = [
        "A:1",
        "A:2 A:1",
        "A:3 A:1",
        "A:4 A:2 A:3",
        "A:5 A:4 A:1",
        "A:6",
    ]
    .map(|line| {
        let mut ids = line.split(' ');
        let id = ids.next().unwrap();
        term(id, &ids.map(|p| format!("is_a: {p}\n")).collect::<String>())
    });
    let graph = Ontology::parse(text.concat().as_bytes(), "test").unwrap();
    let find = |id: &str| graph.primary(id).unwrap();
    let ids = |terms: &[protea_ontology::Term]| {
        terms
            .iter()
            .map(|&t| graph.id(t))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(ids(graph.parents(find("A:5"))), "A:1 A:4");
    assert_eq!(ids(graph.children(find("A:1"))), "A:2 A:3 A:5");
    assert_eq!(ids(&graph.ancestors(find("A:5"))), "A:4 A:2 A:3 A:1");
    assert_eq!(
        ids(&graph.propagate(&[find("A:2"), find("A:6"), find("A:2")])),
        "A:1 A:2 A:6"
    );
    assert_eq!(ids(graph.namespaces()[0].roots()), "A:1 A:6");
    assert_eq!(
        ["A:1", "A:2", "A:4", "A:5", "A:6"].map(|id| graph.depth(find(id))),
        [0, 1, 2, 3, 0]
    );
    assert_eq!(graph.aspect(find("A:1")), None);
    assert!(
        graph.resolve("A:7").is_empty()
            && graph.resolve("").is_empty()
            && graph.resolve("GO:0000001").is_empty()
    );
}

#[test]
fn aspects_parse_from_every_documented_name() {
    for (aspect, names) in Aspect::ALL.into_iter().zip([
        ["MFO", "F", "molecular_function"],
        ["BPO", "P", "biological_process"],
        ["CCO", "C", "cellular_component"],
    ]) {
        assert!(names.iter().all(|n| n.parse() == Ok(aspect)));
        assert_eq!(
            (
                aspect.to_string().as_str(),
                aspect.letter().to_string().as_str(),
                aspect.namespace()
            ),
            (names[0], names[1], names[2])
        );
    }
    assert!("function".parse::<Aspect>().is_err());
}

#[test]
fn malformed_ontologies_are_errors_with_line_and_remedy() {
    let parse_error = |text: &str| Ontology::parse(text.as_bytes(), "bad.obo").unwrap_err();
    assert!(matches!(
        parse_error(""),
        OntologyError::NoTerms { stanzas: 0, .. }
    ));
    assert!(matches!(
        parse_error("accession\tterm\nP1\tGO:1\n"),
        OntologyError::NoTerms { stanzas: 0, .. }
    ));
    assert!(matches!(
        parse_error("[Term]\nid: A:1\nname: without namespace\n"),
        OntologyError::NoTerms { stanzas: 1, .. }
    ));
    for (text, line) in [
        ("[Term]\nname: early\nid: A:1\n", 2),
        ("[Term]\nid: A:1\nid: A:2\n", 3),
        ("[Term]\nid:\n", 2),
        ("[Term]\nid: A:1\nnamespace: a\nnamespace: b\n", 4),
        ("[Term]\nid: A:1\nnamespace:\n", 3),
    ] {
        let error = parse_error(text);
        assert!(
            matches!(error, OntologyError::Malformed { line: l, .. } if l == line),
            "{text:?}: {error}"
        );
        assert!(error.to_string().starts_with("bad.obo, line "), "{error}");
    }
    for text in [
        "[Term]\nid: A:1\nis_a: ! nothing\n",
        "[Term]\nid: A:1\nrelationship: part_of\n",
    ] {
        let error = Ontology::parse_as(text.as_bytes(), "bad.obo", Reading::Cafaeval);
        assert!(
            matches!(error, Err(OntologyError::Malformed { line: 3, .. })),
            "{text:?}: {error:?}"
        );
    }
    let error = parse_error(&[term("A:1", ""), term("A:1", "")].concat());
    assert!(
        matches!(
            error,
            OntologyError::DuplicateTerm {
                line: 7,
                first: 2,
                ..
            }
        ),
        "{error}"
    );
    let cycle = [
        ("A:0", ""),
        ("A:1", "is_a: A:2\nis_a: A:0\n"),
        ("A:2", "is_a: A:3\n"),
        ("A:3", "is_a: A:1\n"),
        ("A:4", "is_a: A:1\n"),
    ];
    let cycle = cycle.map(|(id, edges)| term(id, edges)).concat();
    let error = parse_error(&cycle);
    assert!(
        matches!(&error, OntologyError::Cycle { terms, .. } if terms.len() == 4 && terms[0] == terms[3] && !terms.contains(&"A:4".to_owned())),
        "{error}"
    );
    assert!(matches!(
        parse_error(&term("A:1", "is_a: A:1\n")),
        OntologyError::Cycle { .. }
    ));
    assert!(matches!(
        Ontology::read("no/such.obo").unwrap_err(),
        OntologyError::Read { .. }
    ));
    assert!(matches!(
        Ontology::read(".").unwrap_err(),
        OntologyError::Read { .. }
    ));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Ontology::parse(&bytes, "random");
    }

    #[test]
    fn arbitrary_obo_lines_never_panic(lines in proptest::collection::vec(
        "(\\[Term\\]|\\[Typedef\\]|id: A:[0-9]|id: GO:000000[0-9]|namespace: [ab]|is_a: A:[0-9]|alt_id: A:[0-9]|relationship: part_of A:[0-9]|is_obsolete: true|[a-z_:! {}]{0,9})",
        0..40,
    )) {
        let _ = Ontology::parse(lines.join("\n").as_bytes(), "random");
    }

    #[test]
    fn propagation_is_closed_and_ancestors_are_in_order(parents in proptest::collection::vec(proptest::collection::vec(any::<prop::sample::Index>(), 0..4), 1..60), picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..5)) {
        let mut text = String::new();
        for (at, above) in parents.iter().enumerate() {
            let edges: String = above.iter().filter(|_| at > 0).map(|p| format!("is_a: X:{}\n", p.index(at))).collect();
            text.push_str(&term(&format!("X:{at}"), &edges));
        }
        let graph = Ontology::parse(text.as_bytes(), "random").unwrap();
        let picked: Vec<_> = picks.iter().map(|p| graph.terms().nth(p.index(graph.len())).unwrap()).collect();
        let all = graph.propagate(&picked);
        prop_assert!(all.is_sorted_by(|a, b| a < b));
        prop_assert!(picked.iter().all(|t| all.contains(t)));
        for &t in &all {
            prop_assert!(graph.parents(t).iter().all(|p| all.contains(p)));
            let above = graph.ancestors(t);
            for (at, &a) in above.iter().enumerate() {
                prop_assert!(graph.parents(a).iter().all(|p| above[at + 1..].contains(p)));
            }
        }
    }
}
