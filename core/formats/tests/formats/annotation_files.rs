//! Tests all versions of GAF and GPAD.

use proptest::prelude::*;
use protea_formats::{AnnotationReader, FormatError, Skipped, read_taxonomy};
use protea_ontology::spelling::{canonical, padded};

use crate::input_files::Inputs;

#[derive(Debug, PartialEq, Eq)]
struct Row {
    accession: String,
    isoform: Option<String>,
    term: String,
    aspect: Option<&'static str>,
    evidence: Option<String>,
    taxon: Option<u32>,
    date: Option<String>,
}

fn read(path: &std::path::Path) -> Result<(Vec<Row>, Skipped), FormatError> {
    let mut reader = AnnotationReader::open(path)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(Row {
            accession: row.accession.to_owned(),
            isoform: row.isoform.map(str::to_owned),
            term: row.term.to_owned(),
            aspect: row.aspect.map(|aspect| aspect.name()),
            evidence: row.evidence.map(str::to_owned),
            taxon: row.taxon,
            date: row.date.map(|date| date.to_string()),
        });
    }
    Ok((rows, reader.skipped()))
}

fn row(
    accession: &str,
    isoform: Option<&str>,
    term: &str,
    aspect: Option<&'static str>,
    evidence: &str,
    taxon: Option<u32>,
    date: &str,
) -> Row {
    Row {
        accession: accession.into(),
        isoform: isoform.map(str::to_owned),
        term: term.into(),
        aspect,
        evidence: Some(evidence.into()),
        taxon,
        date: Some(date.into()),
    }
}

/// Formats one line of GAF from the columns that the tests vary.
fn gaf(
    database: &str,
    object: &str,
    qualifier: &str,
    evidence: &str,
    taxon: &str,
    date: &str,
    rest: &str,
) -> String {
    format!(
        "{database}\t{object}\tSYM\t{qualifier}\tGO:0005488\tPMID:1\t{evidence}\t\tF\tname\tsyn\tprotein\t{taxon}\t{date}\tUniProt{rest}\n"
    )
}

const GAF_ROWS: [(&str, &str, &str, &str); 5] = [
    ("P12345", "taxon:9606", "20240131", "\t\t"),
    (
        "P12345",
        "taxon:9606|taxon:562",
        "20240131",
        "\t\tUniProtKB:P12345-2",
    ),
    (
        "P12345",
        "taxon:9606",
        "20240131",
        "\t\tUniProtKB:P12345:PRO_0000012345",
    ),
    (
        "A0A024RBG1",
        "NCBITaxon:9606",
        "2024-01-31",
        "\tpart_of(CL:0000057)\t",
    ),
    ("Q8N726-3", "taxon:9606", "20240131", ""),
];

#[test]
fn every_gaf_version_is_read_with_isoforms_and_taxa() {
    let inputs = Inputs::new();
    for header in [
        "!gaf-version: 2.2\n!date: 2024\n",
        "!gaf-version: 2.1\n",
        "!gaf-version: 2.0\n",
        "! by hand\n",
        "",
    ] {
        let mut text = header.to_owned();
        for (object, taxon, date, rest) in GAF_ROWS {
            text += &gaf("UniProtKB", object, "enables", "IDA", taxon, date, rest);
        }
        text += &gaf("MGI", "MGI:101757-2", "", "IMP", "taxon:10090", "", "\t\t");
        text += &gaf(
            "UniProtKB",
            "P12345",
            "NOT|enables",
            "IDA",
            "taxon:9606",
            "20240131",
            "\t\t",
        );
        text += &gaf(
            "UniProtKB",
            "P12345",
            "located_in",
            "ND",
            "taxon:9606",
            "20240131",
            "\t\t",
        );
        let kept = |accession, isoform| {
            row(
                accession,
                isoform,
                "GO:0005488",
                Some("MFO"),
                "IDA",
                Some(9606),
                "2024-01-31",
            )
        };
        let mut mouse = row(
            "MGI:101757-2",
            None,
            "GO:0005488",
            Some("MFO"),
            "IMP",
            Some(10090),
            "",
        );
        mouse.date = None;
        let expected = vec![
            kept("P12345", None),
            kept("P12345", Some("P12345-2")),
            kept("P12345", None),
            kept("A0A024RBG1", None),
            kept("Q8N726", Some("Q8N726-3")),
            mouse,
        ];
        let (rows, skipped) = read(&inputs.write("x.gaf", &text)).unwrap();
        assert_eq!(rows, expected, "{header:?}");
        assert_eq!(
            skipped,
            Skipped {
                negated: 1,
                no_data: 1
            }
        );
    }
}

#[test]
fn both_gpad_versions_are_read_with_or_without_header() {
    let inputs = Inputs::new();
    let version_1 = "UniProtKB\tP12345\tenables\tGO:0005488\tPMID:1\tECO:0000314\t\t\t20240131\tUniProt\t\tgo_evidence=IDA\n\
        UniProtKB\tP12345-2\tenables\tGO:0005488\tPMID:1\tECO:0000269\t\ttaxon:562\t20240131\tUniProt\t\t\n\
        UniProtKB\tP12345:PRO_0000012345\tenables\tGO:0005488\tGO_REF:2\tECO:0000256\tInterPro:IPR1\t\t20240131\tInterPro\n\
        UniProtKB\tP12345\tpart_of\tGO:0005575\tPMID:1\tECO:0001234\t\t\t20240131\tUniProt\t\tcurator=x|go_evidence=\n\
        UniProtKB\tP12345\tNOT|enables\tGO:0005488\tPMID:1\tECO:0000314\t\t\t20240131\tUniProt\t\t\n\
        UniProtKB\tP12345\tpart_of\tGO:0005575\tGO_REF:15\tECO:0000307\t\t\t20240131\tUniProt\t\t\n";
    let version_2 = "UniProtKB:P12345\t\tRO:0002327\tGO:0005488\tPMID:1\tECO:0000314\t\t\t2024-01-31\tUniProt\t\t\n\
        UniProtKB:P12345-2\t\tRO:0002327\tGO:0005488\tPMID:1\tECO:0000269\t\tNCBITaxon:562\t2024-01-31T12:00:00\tUniProt\t\t\n\
        UniProtKB:P12345:PRO_0000012345\t\tRO:0002327\tGO:0005488\tGO_REF:2\tECO:0000256\t\t\t2024-01-31\tInterPro\t\t\n\
        UniProtKB:P12345\t\tBFO:0000050\tGO:0005575\tPMID:1\tECO:0001234\t\t\t2024-01-31\tUniProt\t\t\n\
        UniProtKB:P12345\tNOT\tRO:0002327\tGO:0005488\tPMID:1\tECO:0000314\t\t\t2024-01-31\tUniProt\t\t\n\
        UniProtKB:P12345\t\tBFO:0000050\tGO:0005575\tGO_REF:15\tECO:0000307\t\t\t2024-01-31\tUniProt\t\t\n";
    let kept =
        |isoform, term, evidence| row("P12345", isoform, term, None, evidence, None, "2024-01-31");
    let expected = [
        kept(None, "GO:0005488", "IDA"),
        kept(Some("P12345-2"), "GO:0005488", "EXP"),
        kept(None, "GO:0005488", "IEA"),
        kept(None, "GO:0005575", "ECO:0001234"),
    ];
    for text in [
        format!("!gpa-version: 1.1\n!\n{version_1}"),
        format!("!gpad-version: 1.2\n{version_1}"),
        version_1.to_owned(),
        format!("!gpad-version: 2.0\n!generated-by: UniProt\n{version_2}"),
        version_2.to_owned(),
    ] {
        let (rows, skipped) = read(&inputs.write("x.gpad", &text)).unwrap();
        assert_eq!(rows, expected, "{text}");
        assert_eq!(
            skipped,
            Skipped {
                negated: 1,
                no_data: 1
            }
        );
    }
}

#[test]
fn invalid_rows_are_errors_with_line_and_column() {
    let inputs = Inputs::new();
    let good = gaf("UniProtKB", "P1", "", "IDA", "taxon:1", "20240131", "\t\t");
    let gaf = |evidence, taxon, date, rest| gaf("UniProtKB", "P1", "", evidence, taxon, date, rest);
    for (text, words) in [
        (
            gaf("IDA", "9606", "20240131", "\t\t"),
            &["x:3:", "column 13 is \"9606\", which is not a taxon"][..],
        ),
        (gaf("IDA", "taxon:0", "20240131", "\t\t"), &["column 13"]),
        (
            gaf("IDA", "taxon:1", "20240231", "\t\t"),
            &["column 14 is \"20240231\", which is not a date"],
        ),
        (gaf("IDA", "taxon:1", "31.1.2024", "\t\t"), &["column 14"]),
        (gaf("IDA", "taxon:1", "２０24", "\t\t"), &["column 14"]),
        (
            gaf("", "taxon:1", "20240131", "\t\t"),
            &["column 7", "evidence"],
        ),
        (
            gaf("IDA", "taxon:1", "20240131", "\t\t\tx"),
            &["more than 17 columns"],
        ),
        (
            "UniProtKB\tP1\tS\n".into(),
            &["x:3:", "3 columns, not 15 to 17"],
        ),
        (
            "!gaf-version: 3.0\n".into(),
            &["x:3:", "version \"3.0\"", "GAF 1.0 to 2.2"],
        ),
    ] {
        let text = format!("!gaf-version: 2.2\n{good}{text}");
        let error = read(&inputs.write("x", text)).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{error:?} lacks {word:?}");
        }
    }
    for (text, words) in [
        (
            "!gpa-version: 1.1\nUniProtKB\tP1\t\tGO:1\t\tIDA\t\t\t20240131\tX\n",
            &["x:2:", "column 6", "not an ECO identifier"][..],
        ),
        (
            "!gpad-version: 2.0\nP1\t\t\tGO:1\t\tECO:0000314\t\t\t\tX\n",
            &["x:2:", "column 1", "database"],
        ),
        (
            "!gpad-version: 2.0\nU:P1\t\t\tGO:1\t\tECO:0000314\n",
            &["x:2:", "6 columns, not 10 to 12"],
        ),
        (
            "!gpa-version: 1.1\nUniProtKB\tP1\t\tGO:1\t\tECO:0000314\t\t\tsoon\tX\n",
            &["column 9", "not a date"],
        ),
        ("!gpa-version: 1.1\n!\n", &["holds no annotation"]),
        ("P1,GO:1\n", &["x:1:", "separated by commas", "tabs"]),
        ("P1;GO:1\n", &["x:1:", "separated by semicolons"]),
    ] {
        let error = read(&inputs.write("x", text)).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{error:?} lacks {word:?}");
        }
    }
}

#[test]
fn gaf_has_taxa_and_gpad_does_not() {
    let inputs = Inputs::new();
    let line = |object, taxon| gaf("UniProtKB", object, "", "IDA", taxon, "20240131", "\t\t");
    for header in ["!gaf-version: 2.2\n", ""] {
        let text = header.to_owned()
            + &line("P1", "taxon:9606|taxon:562")
            + &line("P1", "taxon:9606")
            + &line("P2", "taxon:3702");
        let taxa = read_taxonomy(&inputs.write("x.gaf", text)).unwrap();
        assert_eq!((taxa["P1"], taxa["P2"], taxa.len()), (9606, 3702, 2));
    }
    let text = line("P1", "taxon:9606") + &line("P1", "taxon:1");
    let error = read_taxonomy(&inputs.write("x.gaf", text))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("x.gaf:2:") && error.contains("taxon 1 here and 9606 above"),
        "{error}"
    );
    let gpad = "!gpa-version: 1.1\nUniProtKB\tP1\t\tGO:1\t\tECO:0000314\t\t\t\tX\n";
    let error = read_taxonomy(&inputs.write("x.gpa", gpad))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("x.gpa:2:") && error.contains("give GAF"),
        "{error}"
    );
}

fn valid_files() -> Vec<String> {
    let gaf_rows: String = GAF_ROWS
        .iter()
        .map(|(object, taxon, date, rest)| {
            gaf("UniProtKB", object, "enables", "IDA", taxon, date, rest)
        })
        .collect();
    let version_1 = "UniProtKB\tP12345-2\tNOT|enables\tGO:0005488\tPMID:1\tECO:0000314\t\t\t20240131\tUniProt\t\tgo_evidence=IDA\n";
    let version_2 = "UniProtKB:P12345-2\t\tRO:0002327\tGO:0005488\tPMID:1\tECO:0000269\t\t\t2024-01-31\tUniProt\t\t\n";
    vec![
        format!("!gaf-version: 2.2\n{gaf_rows}"),
        format!("!gpa-version: 1.1\n{version_1}{version_1}"),
        format!("!gpad-version: 2.0\n{version_2}{version_2}"),
        "EntryID\tterm\taspect\nP12345\tGO:0005488\tF\nP12345\tGO:0005575\tC\n".to_owned(),
    ]
}

proptest! {
    #[test]
    fn damaged_rows_are_errors_with_a_line(
        which in 0usize..4,
        places in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"\t\n|:-!TO0\xff\xc3".to_vec())), 1..6),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut bytes = valid_files().swap_remove(which).into_bytes();
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let inputs = tempfile::tempdir().unwrap();
        let path = inputs.path().join("damaged");
        std::fs::write(&path, &bytes).unwrap();
        match read(&path) {
            Ok((rows, _)) => {
                for row in rows {
                    let term = row.term.as_str();
                    let is_term =
                        term.contains(':') || canonical(term).is_some() || padded(term).is_some();
                    prop_assert!(!row.accession.is_empty() && is_term);
                }
            }
            Err(FormatError::Malformed { line, .. }) => prop_assert!(line > 0),
            Err(FormatError::Empty { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
        let _ = read_taxonomy(&path);
    }
}
