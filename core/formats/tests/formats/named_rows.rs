//! Tests the rules by which names of embeddings are matched with proteins.

use protea_formats::{ArrayNames, EmbeddingReader, FormatError, NameRule};

use crate::input_files::Inputs;

/// A reader of a table with these names.
fn reader(inputs: &Inputs, names: &[&str]) -> EmbeddingReader {
    let rows: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(row, name)| format!("{name}\t{row}.5\t1\n"))
        .collect();
    let path = inputs.write("e.tsv", rows.concat());
    EmbeddingReader::open(&path, None, &ArrayNames::default(), inputs.dir.path()).unwrap()
}

#[test]
fn names_match_by_the_first_rule_that_finds_a_row() {
    let inputs = Inputs::new();
    let names = [
        "P00001",
        "sp|P00002|TWO_HUMAN Second protein OS=Homo sapiens",
        "NP_000003_2 third",
        "P00004.7",
        "P00005-3",
        "p00006",
        ">Q00007 with a mark",
        "sp_Q00008_X_HUMAN",
    ];
    let mut reader = reader(&inputs, &names);
    for (row, (accession, rule)) in [
        ("P00001", NameRule::Exact),
        ("P00002", NameRule::Accession),
        ("NP_000003.2", NameRule::ReplacedCharacters),
        ("P00004", NameRule::Version),
        ("P00005", NameRule::Isoform),
        ("P00006", NameRule::Case),
        ("Q00007", NameRule::Accession),
        ("Q00008", NameRule::Accession),
    ]
    .into_iter()
    .enumerate()
    {
        let found = reader.find(accession).unwrap().unwrap();
        assert_eq!((found.row, found.rule), (row, rule), "{accession}");
    }
    assert_eq!(reader.find("P99999").unwrap(), None);
    assert_eq!(reader.name_examples(2), [names[0], names[1]]);
}

#[test]
fn two_rows_for_a_protein_are_an_error() {
    let inputs = Inputs::new();
    let mut reader = reader(&inputs, &["P00001.1", "P00001.2", "P00002"]);
    let error = reader.find("P00001").unwrap_err();
    assert!(
        matches!(error, FormatError::AmbiguousName { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("\"P00001.1\" and \"P00001.2\""),
        "{error}"
    );
    assert_eq!(
        reader.find("P00001.2").unwrap().unwrap().rule,
        NameRule::Exact
    );
}

#[test]
fn two_proteins_for_a_row_are_an_error() {
    let inputs = Inputs::new();
    let mut reader = reader(&inputs, &["P00001", "P00002"]);
    assert!(reader.find("P00001").unwrap().is_some());
    let error = reader.find("P00001-2").unwrap_err();
    assert!(matches!(error, FormatError::SharedName { .. }), "{error}");
}

#[test]
fn a_separate_list_matches_exactly() {
    let inputs = Inputs::new();
    let matrix = inputs.write("e.tsv", "0.5 1 2\n1.5 1 2\n");
    let ids = inputs.write("ids.txt", "p00001\nsp|P00002|X\n");
    let names = ArrayNames::default();
    let mut reader = EmbeddingReader::open(&matrix, Some(&ids), &names, inputs.dir.path()).unwrap();
    assert_eq!(reader.find("P00001").unwrap(), None);
    assert!(reader.find("P00002").unwrap().is_some());
}
