//! What the reader of ontologies tells about a file that is not as usual.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use protea_ontology::{FindingKind, Ontology, OntologyError, Reading, foreign::Foreign};

const PLAIN: &str = "format-version: 1.2\n\n\
    [Term]\nid: GO:0000001\nname: root\nnamespace: p\n\n\
    [Term]\nid: GO:0000002\nname: middle\nnamespace: p\nis_a: GO:0000001 ! root\n\n\
    [Term]\nid: GO:0000003\nname: leaf\nnamespace: p\nrelationship: part_of GO:0000002 ! middle\n\n\
    [Term]\nid: GO:0000009\nname: other root\nnamespace: f\n";

fn parse(text: &str) -> Ontology {
    Ontology::parse(text.as_bytes(), "test.obo").unwrap()
}

/// Terms, names and edges.
fn content(ontology: &Ontology) -> Vec<String> {
    let describe = |term| {
        let parents: Vec<_> = ontology
            .parents(term)
            .iter()
            .map(|&p| ontology.id(p))
            .collect();
        let namespace = ontology.namespaces()[ontology.namespace_of(term)].name();
        format!("{} {namespace} {}", ontology.id(term), parents.join(","))
    };
    ontology.terms().map(describe).collect()
}

fn kinds(ontology: &Ontology) -> Vec<(FindingKind, usize)> {
    ontology
        .findings()
        .iter()
        .map(|f| (f.kind, f.count))
        .collect()
}

#[test]
fn the_default_namespace_of_go_is_not_a_fourth_aspect() {
    let text = PLAIN.replace("1.2\n", "1.2\ndefault-namespace: gene_ontology\n")
        + "\n[Term]\nid: CHEBI:1\nname: imported\n";
    let ontology = parse(&text);
    assert_eq!(content(&ontology), content(&parse(PLAIN)));
    assert_eq!(kinds(&ontology), [(FindingKind::NoNamespace, 1)]);
}

#[test]
fn a_file_of_one_namespace_may_name_it_once() {
    let text = PLAIN
        .replace("1.2\n", "1.2\ndefault-namespace: p\n")
        .replace("\nnamespace: p", "")
        .replace("\nnamespace: f", "");
    let ontology = parse(&text);
    assert_eq!((ontology.namespaces().len(), ontology.len()), (1, 4));
}

#[test]
fn a_usual_file_has_no_findings() {
    assert_eq!(kinds(&parse(PLAIN)), []);
}

#[test]
fn spellings_of_the_same_ontology_are_read_alike() {
    let wanted = content(&parse(PLAIN));
    let default = PLAIN
        .replace("1.2\n", "1.2\ndefault-namespace: p\n")
        .replace("root\nnamespace: p\n", "root\n");
    let cases = [
        (PLAIN.replace('\n', "\r\n"), None),
        (PLAIN.replace('\n', "\r"), None),
        (format!("\u{feff}{PLAIN}"), Some(FindingKind::ByteOrderMark)),
        (default, Some(FindingKind::DefaultNamespace)),
        (
            PLAIN.replace("is_a: GO:0000001", "is_obsolete: false\nis_a: GO:0000001"),
            Some(FindingKind::NotObsolete),
        ),
        (
            PLAIN.replace("part_of GO", "BFO:0000050 GO"),
            Some(FindingKind::PartOfByNumber),
        ),
        (
            PLAIN.replace(
                "part_of GO",
                "http://purl.obolibrary.org/obo/BFO_0000050 GO",
            ),
            Some(FindingKind::PartOfByNumber),
        ),
        (
            PLAIN.replace("name: leaf", "name: leaf\nis_a:\nrelationship: part_of"),
            Some(FindingKind::EmptyEdge),
        ),
    ];
    for (text, finding) in cases {
        let ontology = parse(&text);
        assert_eq!(content(&ontology), wanted, "{text:?}");
        let found: Vec<_> = kinds(&ontology).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(found, Vec::from_iter(finding), "{text:?}");
    }
}

#[test]
fn cafaeval_reads_three_tags_otherwise() {
    let cases = [
        PLAIN
            .replace("1.2\n", "1.2\ndefault-namespace: p\n")
            .replace("middle\nnamespace: p\n", "middle\n"),
        PLAIN.replace("is_a: GO:0000001", "is_obsolete: false\nis_a: GO:0000001"),
        PLAIN.replace("part_of GO", "BFO:0000050 GO"),
    ];
    for text in cases {
        let theirs = Ontology::parse_as(text.as_bytes(), "x", Reading::Cafaeval).unwrap();
        assert_ne!(content(&theirs), content(&parse(&text)), "{text:?}");
        assert!(
            parse(&text)
                .findings()
                .iter()
                .all(|f| f.kind.differs_from_cafaeval())
        );
    }
}

#[test]
fn dropped_edges_are_told_with_their_cause() {
    let obsolete = "\n[Term]\nid: GO:0000008\nname: obsolete\nnamespace: p\nis_obsolete: true\n";
    let cases = [
        ("is_a: GO:0000777", FindingKind::MissingParent, true),
        ("is_a: CHEBI:1", FindingKind::ForeignParent, false),
        ("is_a: GO:0000008", FindingKind::ObsoleteParent, false),
        (
            "relationship: part_of GO:0000009",
            FindingKind::OtherNamespace,
            false,
        ),
        ("is_a: GO:0000005", FindingKind::AlternativeParent, true),
    ];
    for (edge, kind, is_warning) in cases {
        let text = PLAIN
            .replace("name: leaf", &format!("name: leaf\n{edge}"))
            .replace("name: other root", "name: other root\nalt_id: GO:0000005");
        let ontology = parse(&(text + obsolete));
        let [finding] = ontology.findings() else {
            panic!("{edge}: {:?}", ontology.findings());
        };
        assert_eq!(
            (finding.kind, finding.count, finding.kind.is_warning()),
            (kind, 1, is_warning)
        );
        let target = edge.rsplit(' ').next().unwrap();
        assert_eq!(finding.examples, [format!("GO:0000003 -> {target}")]);
        assert_eq!(ontology.dropped_edges(), 1);
    }
}

#[test]
fn a_name_in_latin_1_is_kept() {
    let text = PLAIN.replace("name: leaf", "name: l\u{e9}af");
    let latin_1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let ontology = Ontology::parse(&latin_1, "x").unwrap();
    assert_eq!(
        ontology.name(ontology.primary("GO:0000003").unwrap()),
        "l\u{e9}af"
    );
    assert_eq!(kinds(&ontology), [(FindingKind::NameEncoding, 1)]);
}

#[test]
fn obsolete_terms_name_their_replacement() {
    let text = PLAIN.to_owned()
        + "\n[Term]\nid: GO:0000008\nnamespace: p\nis_obsolete: true\nreplaced_by: GO:0000007\n\
           \n[Term]\nid: GO:0000007\nnamespace: p\nis_obsolete: true\nreplaced_by: GO:0000003\n\
           \n[Term]\nid: GO:0000006\nnamespace: p\nis_obsolete: true\nconsider: GO:0000002\n\
           \n[Term]\nid: GO:0000005\nnamespace: p\nis_obsolete: true\nreplaced_by: GO:0000005\n";
    let ontology = parse(&text);
    let replaced = ontology.replacement("GO:0000008").unwrap();
    assert_eq!(replaced.replaced_by, ["GO:0000003"]);
    let considered = ontology.replacement("GO:0000006").unwrap();
    assert_eq!(
        (considered.replaced_by.len(), considered.consider),
        (0, vec!["GO:0000002".to_owned()])
    );
    assert_eq!(ontology.replacement("GO:0000003"), None);
    assert!(ontology.resolve("GO:0000008").is_empty());

    let mapped = ontology.with_obsolete_mapped();
    let leaf = mapped.primary("GO:0000003").unwrap();
    assert_eq!(mapped.resolve("GO:0000008"), [leaf]);
    assert!(mapped.is_mapped(b"GO:0000008") && !mapped.is_mapped(b"GO:0000003"));
    for id in ["GO:0000006", "GO:0000005"] {
        assert!(mapped.resolve(id).is_empty(), "{id}");
    }
}

#[test]
fn spellings_of_a_term_are_understood() {
    let ontology = parse(PLAIN);
    for id in [
        "GO_0000003",
        "go:0000003",
        "http://purl.obolibrary.org/obo/GO_0000003",
        "3",
        "GO:3",
    ] {
        assert_eq!(ontology.respell(id).as_deref(), Some("GO:0000003"), "{id}");
    }
    for id in ["GO:0000003", "GO:0000777", "P12345", ""] {
        assert_eq!(ontology.respell(id), None, "{id}");
    }
}

#[test]
fn a_file_that_is_not_text_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (bytes, wanted) in [
        (&b"PK\x03\x04\x14\x00\x00\x00"[..], Foreign::Zip),
        (b"<!DOCTYPE html><html>", Foreign::Html),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            Foreign::GitLfsPointer,
        ),
    ] {
        std::fs::write(file.path(), bytes).unwrap();
        let error = Ontology::read(file.path()).unwrap_err();
        assert!(
            matches!(error, OntologyError::Foreign { content, .. } if content == wanted),
            "{error}"
        );
    }
}

#[test]
fn a_stanza_may_have_a_comment_or_another_case() {
    for header in ["[Term] ! a comment", "[term]", "[TERM]"] {
        let text = PLAIN.replacen("[Term]", header, 1);
        assert_eq!(content(&parse(&text)), content(&parse(PLAIN)), "{header}");
    }
}

#[test]
fn part_of_in_other_forms_is_an_edge_and_told() {
    for relation in [
        "BFO:0000050",
        "https://purl.obolibrary.org/obo/BFO_0000050",
        "OBO_REL:part_of",
        "http://purl.obolibrary.org/obo/go#part_of",
        "PART_OF",
        "is_part_of",
    ] {
        let ontology = parse(&PLAIN.replace("part_of", relation));
        assert_eq!(content(&ontology), content(&parse(PLAIN)), "{relation}");
        assert_eq!(kinds(&ontology), [(FindingKind::PartOfByNumber, 1)]);
    }
    for relation in ["has_part", "regulates", "part_of_x", "not_part_of"] {
        let ontology = parse(&PLAIN.replace("part_of", relation));
        assert_ne!(content(&ontology), content(&parse(PLAIN)), "{relation}");
    }
}

#[test]
fn a_parent_that_only_a_definition_names_is_told() {
    let definition = "intersection_of: GO:0000001 ! root\nintersection_of: part_of GO:0000002";
    let text = PLAIN.replace("is_a: GO:0000001 ! root", definition);
    let ontology = parse(&text);
    assert_eq!(kinds(&ontology), [(FindingKind::DefinitionOnly, 1)]);
    assert!(ontology.findings()[0].kind.is_warning());
    // Beside is_a it is usual.
    let text = PLAIN.replace(
        "is_a: GO:0000001",
        &format!("{definition}\nis_a: GO:0000001"),
    );
    assert_eq!(kinds(&parse(&text)), []);
}

#[test]
fn ids_in_another_form_are_told() {
    let text = PLAIN.replace(
        "id: GO:0000009",
        "id: http://purl.obolibrary.org/obo/GO_0000009",
    );
    assert_eq!(kinds(&parse(&text)), [(FindingKind::OtherSpelling, 1)]);
}

#[test]
fn a_line_that_continues_on_the_next_is_refused() {
    let text = PLAIN.replace("is_a: GO:0000001 ! root", "is_a: \\\nGO:0000001 ! root");
    let error = Ontology::parse(text.as_bytes(), "test.obo").unwrap_err();
    assert!(
        matches!(&error, OntologyError::Malformed { problem, .. } if problem.contains("continues on the next line")),
        "{error}"
    );
}

#[test]
fn what_is_not_obo_is_told() {
    let error = Ontology::parse(b"Ontology(<http://x>)\n", "x.ofn").unwrap_err();
    assert!(error.to_string().contains("no [Term] stanza"), "{error}");
}

#[test]
fn obo_graphs_may_have_secure_addresses() {
    let purl = "https://purl.obolibrary.org/obo/";
    let node = |id: &str| {
        format!(
            r#"{{"id":"{purl}{id}","type":"CLASS","meta":{{"basicPropertyValues":[{{"pred":"oboInOwl#hasOBONamespace","val":"p"}}]}}}}"#
        )
    };
    let json = format!(
        r#"{{"graphs":[{{"nodes":[{},{}],"edges":[{{"sub":"{purl}GO_0000002","pred":"{purl}BFO_0000050","obj":"{purl}GO_0000001"}}]}}]}}"#,
        node("GO_0000001"),
        node("GO_0000002"),
    );
    let wanted = ["GO:0000001 p ", "GO:0000002 p GO:0000001"];
    assert_eq!(content(&parse(&json)), wanted);
}

#[test]
fn tags_in_another_form_are_read_and_told() {
    for (from, to, kind) in [
        (
            "is_a: GO:0000001",
            "IS_A: GO:0000001",
            FindingKind::TagSpelling,
        ),
        (
            "is_a: GO:0000001",
            "is-a: GO:0000001",
            FindingKind::TagSpelling,
        ),
        (
            "relationship: part_of",
            "Relationship: part_of",
            FindingKind::TagSpelling,
        ),
        (
            "relationship: part_of",
            "part_of:",
            FindingKind::TagSpelling,
        ),
        (
            "relationship: part_of",
            "relationship: part of",
            FindingKind::PartOfByNumber,
        ),
        (
            "relationship: part_of",
            "relationship: Is part of",
            FindingKind::PartOfByNumber,
        ),
    ] {
        let text = PLAIN.replace(from, to);
        assert_ne!(text, PLAIN, "{to}");
        let ontology = parse(&text);
        assert_eq!(content(&ontology), content(&parse(PLAIN)), "{to}");
        assert_eq!(kinds(&ontology), [(kind, 1)], "{to}");
    }
    let ontology = parse(&PLAIN.replace("is_a: GO", "parent: GO"));
    assert_eq!(kinds(&ontology), [(FindingKind::UnknownTag, 1)]);
    let finding = ontology.findings()[0].to_string();
    assert!(finding.contains("parent in line "), "{finding}");
    for no in ["0", "no", "False"] {
        let text = PLAIN.replace("name: leaf", &format!("name: leaf\nis_obsolete: {no}"));
        assert_eq!(
            kinds(&parse(&text)),
            [(FindingKind::NotObsolete, 1)],
            "{no}"
        );
    }
}
