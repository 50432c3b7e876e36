//! Tests the readers of text files.

use std::io::Cursor;

use proptest::prelude::*;
use protea_contracts::error::with_causes;
use protea_formats::{
    AnnotationReader, FastaReader, FastaRecord, FormatError, check_information_accretion, read_ids,
    read_taxonomy,
};

use crate::input_files::Inputs;

fn fasta(path: &std::path::Path) -> Result<Vec<FastaRecord>, FormatError> {
    let mut reader = FastaReader::open(path)?;
    std::iter::from_fn(|| reader.next_record().transpose()).collect()
}

type Row = (String, String, Option<&'static str>, Option<String>);

fn annotations(path: &std::path::Path) -> Result<Vec<Row>, FormatError> {
    let mut reader = AnnotationReader::open(path)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push((
            row.accession.to_owned(),
            row.term.to_owned(),
            row.aspect.map(|a| a.name()),
            row.evidence.map(str::to_owned),
        ));
    }
    Ok(rows)
}

/// Checks that the message of an error and its causes contains every word.
fn message<T: std::fmt::Debug>(result: Result<T, FormatError>, words: &[&str]) {
    let text = with_causes(&result.unwrap_err());
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}

#[test]
fn uniprot_and_plain_fasta_headers_are_read() {
    let inputs = Inputs::new();
    let records = fasta(&inputs.path("proteins.fasta")).unwrap();
    let short: Vec<_> = records
        .iter()
        .map(|r| (r.accession.as_str(), r.taxon, r.sequence.as_str(), r.line))
        .collect();
    assert_eq!(
        short,
        [
            ("P00001", Some(9606), "MKTAYIAKQRQISF", 1),
            ("P00002", Some(83333), "MSEQWENCE", 4),
            ("Q00003", None, "MKXUBZ", 6),
            ("Q00004", Some(9606), "ACDEFG", 8),
            ("A0A024RBG1", None, "MMKFKPNQTRTY", 11),
        ]
    );
    assert_eq!(fasta(&inputs.gzip("proteins.fasta")).unwrap(), records);
}

#[test]
fn fasta_errors_name_line_and_remedy() {
    let inputs = Inputs::new();
    for (content, words) in [
        ("", &["x.fasta", "holds no protein"][..]),
        ("MKV\n", &["x.fasta:1:", "before the first header"]),
        (">A\nMK\n>\nMK\n", &["x.fasta:3:", "no accession"]),
        (">  \nMK\n", &["x.fasta:1:", "no accession"]),
        (">A\n\n>B\nMK\n", &["x.fasta:1:", "A has no sequence"]),
        (">A\nMK\n>B\n*\n", &["x.fasta:3:", "B has no sequence"]),
        (">A\nMK-V\n", &["x.fasta:2:", "gap", "remove the gaps"]),
        (
            ">A\nM*V\n",
            &["x.fasta:2:", "of A", "stop ('*')", "not a residue"],
        ),
        (">A\nMK1\n", &["x.fasta:2:", "\"1\" is not a residue"]),
    ] {
        message(fasta(&inputs.write("x.fasta", content)), words);
    }
    message(
        fasta(&inputs.path("absent.fasta")),
        &["absent.fasta", "cannot be read: No such file"],
    );
    message(fasta(inputs.dir.path()), &["directory"]);
    let mut cut = std::fs::read(inputs.gzip("proteins.fasta")).unwrap();
    cut.truncate(cut.len() - 12);
    message(
        fasta(&inputs.write("cut.fasta.gz", cut)),
        &["cut.fasta.gz", "after line", "incomplete"],
    );
}

#[test]
fn a_line_over_the_limit_is_an_error() {
    let inputs = Inputs::new();
    let mut content = b">A\n".to_vec();
    content.resize(5 << 20, b'M');
    message(
        fasta(&inputs.write("x.fasta", content)),
        &["x.fasta:2:", "longer than"],
    );
}

#[test]
fn ids_map_to_rows_and_must_be_unique() {
    let inputs = Inputs::new();
    let rows = read_ids(&inputs.write("x.txt", "sp|P1|A_B\r\nP2\n\n\n")).unwrap();
    assert_eq!((rows["P1"], rows["P2"], rows.len()), (0, 1, 2));
    message(
        read_ids(&inputs.write("x.txt", "P1\nP2\nP1\n")),
        &["x.txt:3:", "\"P1\"", "line 1"],
    );
    message(
        read_ids(&inputs.write("x.txt", "P1\n\nP2\n")),
        &["x.txt:2:", "blank"],
    );
    message(
        read_ids(&inputs.write("x.txt", "P1\tx\n")),
        &["x.txt:1:", "a single accession"],
    );
    message(
        read_ids(&inputs.write("x.txt", "\n")),
        &["x.txt", "holds no accession"],
    );
}

#[test]
fn taxonomies_are_read_with_or_without_header() {
    let inputs = Inputs::new();
    assert_eq!(
        read_taxonomy(&inputs.write("x.tsv", "EntryID\ttaxon\nP1\t9606\nP1\t9606\n")).unwrap()["P1"],
        9606
    );
    assert_eq!(
        read_taxonomy(&inputs.write("x.tsv", "P1 9606\n")).unwrap()["P1"],
        9606
    );
    message(
        read_taxonomy(&inputs.write("x.tsv", "P1\t1\nP1\t2\n")),
        &["x.tsv:2:", "taxon 2 here and 1 above"],
    );
    message(
        read_taxonomy(&inputs.write("x.tsv", "P1\t1\nP2\thuman\n")),
        &["x.tsv:2:", "accession and a taxon"],
    );
    message(
        read_taxonomy(&inputs.write("x.tsv", "P1\t-1\n")),
        &["x.tsv:1:"],
    );
}

#[test]
fn information_accretion_needs_term_and_finite_number() {
    let inputs = Inputs::new();
    assert_eq!(
        check_information_accretion(&inputs.path("ia.tsv")).unwrap(),
        2
    );
    for bad in ["GO:1\tnan\n", "GO:1\n", "GO:1\t1\t2\n", "term\tia\n"] {
        message(
            check_information_accretion(&inputs.write("x.tsv", bad)),
            &["x.tsv:", "finite number"],
        );
    }
    message(
        check_information_accretion(&inputs.write("x.tsv", "")),
        &["holds no row"],
    );
}

#[test]
fn annotation_tables_are_read_in_every_layout() {
    let inputs = Inputs::new();
    let row =
        |accession: &str, term: &str, aspect| (accession.to_owned(), term.to_owned(), aspect, None);
    let expected = [
        row("P1", "GO:0000001", Some("BPO")),
        row("P2", "GO:0000002", None),
    ];
    for content in [
        "EntryID\tterm\taspect\nP1\tGO:0000001\tP\nP2\tGO:0000002\t\n",
        "P1\tGO:0000001\tBPO\n\nP2\tGO:0000002\n",
        "EntryID term\nP1 GO:0000001 biological_process\nsp|P2|X GO:0000002\n",
    ] {
        assert_eq!(
            annotations(&inputs.write("x.tsv", content)).unwrap(),
            expected,
            "{content:?}"
        );
    }
    message(
        annotations(&inputs.write("x.tsv", "P1\tGO:1\tF\nP1\tterm\tF\n")),
        &["x.tsv:2:", "\"term\" is not a term"],
    );
    message(
        annotations(&inputs.write("x.tsv", "P1\tGO:1\t0.53\n")),
        &["x.tsv:1:", "\"0.53\" is not an aspect"],
    );
    message(
        annotations(&inputs.write("x.tsv", "P1\tGO:1\tF\nP1\n")),
        &["x.tsv:2:", "two or three columns"],
    );
    message(
        annotations(&inputs.write("x.tsv", "EntryID\tterm\taspect\n")),
        &["x.tsv", "holds no annotation"],
    );
    message(
        annotations(&inputs.write("x.tsv", "")),
        &["x.tsv", "holds no annotation"],
    );
}

#[test]
fn negated_rows_and_rows_without_data_are_skipped() {
    let inputs = Inputs::new();
    let line = |accession: &str, qualifier: &str, term: &str, evidence: &str, aspect: &str| {
        format!(
            "UniProtKB\t{accession}\tSYM\t{qualifier}\t{term}\tPMID:1\t{evidence}\t\t{aspect}\tname\tsyn\tprotein\ttaxon:9606\t20240101\tUniProt\t\t\n"
        )
    };
    let text = "!gaf-version: 2.2\n!\n".to_owned()
        + &line("P1", "enables", "GO:0005488", "IDA", "F")
        + &line("P1", "NOT|enables", "GO:0003674", "IDA", "F")
        + &line("P2", "located_in", "GO:0005575", "ND", "C")
        + &line("P2", "involved_in", "GO:0008150", "IEA", "P");
    let path = inputs.write("x.gaf", &text);
    let row = |accession: &str, term: &str, aspect, evidence: &str| {
        (
            accession.to_owned(),
            term.to_owned(),
            Some(aspect),
            Some(evidence.to_owned()),
        )
    };
    let expected = [
        row("P1", "GO:0005488", "MFO", "IDA"),
        row("P2", "GO:0008150", "BPO", "IEA"),
    ];
    assert_eq!(annotations(&path).unwrap(), expected);
    assert_eq!(annotations(&inputs.gzip("x.gaf")).unwrap(), expected);
    let mut reader = AnnotationReader::open(&path).unwrap();
    while reader.next_row().unwrap().is_some() {}
    assert_eq!((reader.skipped().negated, reader.skipped().no_data), (1, 1));

    message(
        annotations(&inputs.write("x.gaf", text + "UniProtKB\tP1\n")),
        &["x.gaf:7:", "17 columns"],
    );
}

fn fasta_text() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[A-Z][A-Z0-9]{3,9}", "[A-Za-z]{1,200}"), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Compares with noodles-fasta, an independent implementation of the same format.
    #[test]
    fn fasta_reader_agrees_with_noodles(proteins in fasta_text(), width in 1usize..90, crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = String::new();
        for (accession, sequence) in &proteins {
            text += &format!(">{accession} some protein{end}");
            for line in sequence.as_bytes().chunks(width) {
                text += &format!("{}{end}", std::str::from_utf8(line).unwrap());
            }
        }
        let oracle: Vec<_> = noodles_fasta::io::Reader::new(Cursor::new(&text)).records().map(|record| {
            let record = record.unwrap();
            let sequence = String::from_utf8(record.sequence().as_ref().to_ascii_uppercase()).unwrap();
            (String::from_utf8_lossy(record.name()).into_owned(), sequence)
        }).collect();
        let inputs = tempfile::tempdir().unwrap();
        let path = inputs.path().join("x.fasta");
        std::fs::write(&path, &text).unwrap();
        let ours: Vec<_> = fasta(&path).unwrap().into_iter().map(|r| (r.accession, r.sequence)).collect();
        prop_assert_eq!(ours, oracle);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..600),
            "[>A-Z|*\\-= \t\r\n0-9:!GO.]{0,600}".prop_map(String::into_bytes),
        ],
        gzip: bool,
    ) {
        let inputs = Inputs::new();
        let mut path = inputs.write("x", [if gzip { &b"\x1f\x8b\x08"[..] } else { b"" }, &bytes].concat());
        for _ in 0..2 {
            let _ = fasta(&path);
            let _ = annotations(&path);
            let _ = read_ids(&path);
            let _ = read_taxonomy(&path);
            let _ = check_information_accretion(&path);
            let _ = protea_formats::MatrixReader::open(&path);
            path = inputs.write("y", [b"\x93NUMPY\x01\x00".as_slice(), &bytes].concat());
        }
    }
}
