//! The ontology in OBO Graphs JSON format.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs};

use proptest::prelude::*;
use protea_cafa::{
    dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched},
    ontology::{Ontology, OntologyError},
    scoring::{GroundTruth, Predictions, ScoringOptions, evaluate},
};
use serde_json::{Value, json};

/// Converts OBO to OBO Graphs JSON as ROBOT (the OWL API) does, for the tags that protea reads.
fn to_json(obo: &str) -> Value {
    let iri = |id: &str| format!("http://purl.obolibrary.org/obo/{}", id.replace(':', "_"));
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for stanza in obo.split("\n[Term]\n").skip(1) {
        let mut tags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in stanza.lines().take_while(|line| !line.starts_with('[')) {
            if let Some((tag, value)) = line.split_once(": ") {
                let value = if tag == "name" {
                    value
                } else {
                    value.split(" !").next().unwrap()
                };
                tags.entry(tag).or_default().push(value);
            }
        }
        let id = iri(tags["id"][0]);
        let oio = "http://www.geneontology.org/formats/oboInOwl#";
        let mut properties = Vec::new();
        for value in tags.get("alt_id").into_iter().flatten() {
            properties.push(json!({"pred": format!("{oio}hasAlternativeId"), "val": value}));
        }
        for value in tags.get("namespace").into_iter().flatten() {
            properties.push(json!({"pred": format!("{oio}hasOBONamespace"), "val": value}));
        }
        for value in tags.get("replaced_by").into_iter().flatten() {
            properties.push(json!({"pred": iri("IAO:0100001"), "val": iri(value)}));
        }
        let mut meta =
            json!({"basicPropertyValues": properties, "definition": {"val": "…", "xrefs": []}});
        if tags.contains_key("is_obsolete") {
            meta["deprecated"] = json!(true);
        }
        let name = tags.get("name").map_or("", |names| names[0]);
        nodes.push(json!({"id": id, "lbl": name, "type": "CLASS", "meta": meta}));
        for value in tags.get("is_a").into_iter().flatten() {
            edges.push(json!({"sub": id, "pred": "is_a", "obj": iri(value)}));
        }
        for value in tags.get("relationship").into_iter().flatten() {
            let (relation, target) = value.split_once(' ').unwrap();
            let pred = match relation {
                "part_of" => iri("BFO:0000050"),
                "has_part" => iri("BFO:0000051"),
                _ => iri("RO:0002211"),
            };
            edges.push(json!({"sub": id, "pred": pred, "obj": iri(target)}));
        }
    }
    nodes.push(json!({"id": iri("BFO:0000050"), "lbl": "part of", "type": "PROPERTY"}));
    // Reversed, because the converter does not guarantee an order.
    nodes.reverse();
    edges.reverse();
    json!({"graphs": [{
        "id": "http://purl.obolibrary.org/obo/go.owl",
        "meta": {"version": "http://purl.obolibrary.org/obo/go/releases/2024-01-17/go.owl", "basicPropertyValues": []},
        "nodes": nodes,
        "edges": edges,
        "equivalentNodesSets": [],
        "logicalDefinitionAxioms": [{"definedClassId": "x", "genusIds": [], "restrictions": []}],
    }]})
}

const OBO: &str = "format-version: 1.2\ndata-version: releases/2024-01-17\n
[Term]\nid: GO:0000001\nname: root, with a ! and {braces}\nnamespace: biological_process\nalt_id: GO:0000009\n
[Term]\nid: GO:0000002\nname: two\nnamespace: biological_process\nis_a: GO:0000001 ! root\n
[Term]\nid: GO:0000003\nname: three\nnamespace: biological_process\nis_a: GO:0000001\nrelationship: part_of GO:0000002 ! two\nrelationship: regulates GO:0000001\n
[Term]\nid: GO:0000004\nname: gone\nnamespace: biological_process\nis_obsolete: true\nreplaced_by: GO:0000002\n
[Term]\nid: GO:0000005\nname: function\nnamespace: molecular_function\nrelationship: part_of GO:0000002\n
[Term]\nid: GO:0000006\nname: other\nnamespace: molecular_function\nis_a: GO:0000005\nalt_id: GO:0000010\nalt_id: GO:0000011\n";

/// Everything that protea knows about an ontology, as lines that can be compared.
fn contents(ontology: &Ontology) -> Vec<String> {
    let ids = |terms: &[protea_cafa::ontology::Term]| {
        terms
            .iter()
            .map(|&t| ontology.id(t).to_owned())
            .collect::<Vec<_>>()
    };
    let terms = ontology.terms().map(|t| {
        format!(
            "{} {:?} {:?} {:?} {:?}",
            ontology.id(t),
            ontology.name(t),
            ontology.aspect(t),
            ids(ontology.parents(t)),
            ids(ontology.children(t))
        )
    });
    let alternatives =
        (1..20).map(|n| format!("{:?}", ids(ontology.resolve(&format!("GO:{n:07}")))));
    terms
        .chain(alternatives)
        .chain([format!("{:?}", ontology.version())])
        .collect()
}

#[test]
fn json_and_obo_give_the_same_ontology() {
    let obo = Ontology::parse(OBO.as_bytes(), "go.obo").unwrap();
    let text = to_json(OBO).to_string();
    for text in [text.clone(), format!("\u{feff}\n {text}")] {
        let json = Ontology::parse(text.as_bytes(), "go.json").unwrap();
        assert_eq!(contents(&json), contents(&obo));
    }
    // Short identifiers, as some other tools write them.
    let short = text
        .replace("http://purl.obolibrary.org/obo/GO_", "GO:")
        .replace("http://purl.obolibrary.org/obo/BFO_", "BFO:")
        .replace("\"sub\"", "\"subj\"");
    assert_eq!(
        contents(&Ontology::parse(short.as_bytes(), "go.json").unwrap()),
        contents(&obo)
    );
}

#[test]
fn a_dataset_frozen_from_json_has_valid_obo() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(
        path("go.json"),
        zstd::encode_all(to_json(OBO).to_string().as_bytes(), 1).unwrap(),
    )
    .unwrap();
    fs::write(path("x.fasta"), ">P1\nMK\n").unwrap();
    fs::write(path("x.tsv"), "P1\tGO:0000011\n").unwrap();
    let mut request = FreezeRequest::new(
        path("out"),
        "x",
        path("go.json"),
        path("x.fasta"),
        path("x.tsv"),
    );
    request.embeddings = EmbeddingSource::None;
    freeze(&request, &mut unwatched).unwrap();
    let frozen = fs::read_to_string(path("out/ontology.obo")).unwrap();
    assert_eq!(
        contents(&Ontology::parse(frozen.as_bytes(), "x").unwrap()),
        contents(&Ontology::parse(OBO.as_bytes(), "x").unwrap())
    );
    let document = fastobo::from_str(&frozen).unwrap();
    assert_eq!(document.entities().len(), 6);
}

#[test]
fn json_and_obo_give_the_same_scores() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).unwrap();
        directory.path().join(name)
    };
    let truth = write(
        "truth.tsv",
        "P1\tGO:0000003\nP2\tGO:0000006\nP3\tGO:0000002\n",
    );
    let predictions = write(
        "p.tsv",
        "P1\tGO:0000002\t0.7\nP1\tGO:0000003\t0.3\nP2\tGO:0000010\t0.9\nP3\tGO:0000009\t0.4\n",
    );
    let score = |ontology: &Ontology| {
        let truth = GroundTruth::read(&truth, ontology).unwrap();
        let predictions = Predictions::read(&predictions, &truth, "p").unwrap();
        let scored = evaluate(&predictions, None, &ScoringOptions::default()).unwrap();
        format!("{scored:?}")
    };
    let obo = score(&Ontology::parse(OBO.as_bytes(), "go").unwrap());
    let json = score(&Ontology::parse(to_json(OBO).to_string().as_bytes(), "go").unwrap());
    assert_eq!(json, obo);
    assert!(obo.contains("0.7"), "{obo}");
}

/// Compares JSON and OBO for the whole Gene Ontology, if the shared data is available.
#[test]
fn the_gene_ontology_is_equal_in_json_and_obo() {
    let Some(data) = std::env::var_os("PROTEA_SHARED_DATA").map(std::path::PathBuf::from) else {
        eprintln!("SKIPPED: this test needs the environment variable PROTEA_SHARED_DATA");
        return;
    };
    let text = fs::read_to_string(data.join("go-basic.obo")).unwrap();
    let obo = Ontology::parse(text.as_bytes(), "go").unwrap();
    let json = Ontology::parse(to_json(&text).to_string().as_bytes(), "go").unwrap();
    let terms = |ontology: &Ontology| {
        let mut terms: Vec<String> = ontology
            .terms()
            .map(|t| {
                let mut parents: Vec<&str> = ontology
                    .parents(t)
                    .iter()
                    .map(|&p| ontology.id(p))
                    .collect();
                parents.sort_unstable();
                format!(
                    "{} {:?} {:?} {parents:?}",
                    ontology.id(t),
                    ontology.name(t),
                    ontology.aspect(t)
                )
            })
            .collect();
        terms.sort_unstable();
        terms
    };
    assert_eq!(terms(&json), terms(&obo));
}

#[test]
fn malformed_json_is_refused() {
    let refused = |text: &str| Ontology::parse(text.as_bytes(), "bad.json").unwrap_err();
    for text in [
        "{",
        "{}",
        "{\"graphs\": 1}",
        "{\"graphs\": [{\"nodes\": [{\"lbl\": \"x\"}]}]}",
    ] {
        let error = refused(text);
        assert!(matches!(error, OntologyError::Malformed { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("bad.json, line 1: the file is JSON but not OBO Graphs"),
            "{error}"
        );
    }
    assert!(matches!(
        refused("{\"graphs\": []}"),
        OntologyError::NoTerms { .. }
    ));
    // Deep nesting does not overflow the stack, neither in skipped values nor in parsed ones.
    let nested = "[".repeat(100_000);
    for (around, problem) in [
        ("\"x\": ", "EOF while parsing"),
        (
            "\"nodes\": [{\"id\": \"GO:1\", \"meta\": {\"basicPropertyValues\": [{\"pred\": \"x\", \"val\": ",
            "recursion limit",
        ),
    ] {
        let error = refused(&format!("{{\"graphs\": [{{{around}{nested}"));
        assert!(error.to_string().contains(problem), "{error}");
    }
    // A name with line breaks cannot add another tag.
    let text = to_json(OBO).to_string().replace(
        "\"three\"",
        "\"three\\nis_a: GO:0000004\\n[Term]\\nid: GO:0000099\"",
    );
    let ontology = Ontology::parse(text.as_bytes(), "x").unwrap();
    assert_eq!(ontology.len(), 5);
    assert!(ontology.resolve("GO:0000099").is_empty());
}

proptest! {
    #[test]
    fn damaged_json_never_panics(
        positions in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut bytes = to_json(OBO).to_string().into_bytes();
        for (position, byte) in positions {
            let at = position.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = Ontology::parse(&bytes, "damaged.json");
    }
}
