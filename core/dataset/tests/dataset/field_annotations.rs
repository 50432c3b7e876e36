//! Tests freezing of annotations as people have them: `NOT`, damaged rows, obsolete terms, accessions
//! and terms in other forms.

use std::ops::ControlFlow;

use protea_dataset::{
    DatasetError, EmbeddingSource, FreezeReport, FreezeRequest, FrozenDataset, Grouping, Shares,
    SplitRequest, SplitRule, freeze, split, unwatched,
};
use protea_formats::{FormatError, OnDefect};

use crate::small::Inputs;

const OBO: &str = "format-version: 1.2\n\n\
    [Term]\nid: GO:0003674\nnamespace: molecular_function\n\n\
    [Term]\nid: GO:0005488\nnamespace: molecular_function\nis_a: GO:0003674\n\n\
    [Term]\nid: GO:0005515\nnamespace: molecular_function\nis_a: GO:0005488\n\n\
    [Term]\nid: GO:0003824\nnamespace: molecular_function\nis_a: GO:0003674\n\n\
    [Term]\nid: GO:0000009\nnamespace: molecular_function\nis_obsolete: true\nreplaced_by: GO:0005515\n\n\
    [Term]\nid: GO:0000008\nnamespace: molecular_function\nis_obsolete: true\nconsider: GO:0003824\n";

fn row(accession: &str, qualifier: &str, term: &str) -> String {
    format!(
        "UniProtKB\t{accession}\tS\t{qualifier}\t{term}\tPMID:1\tIDA\t\tF\t\t\tprotein\ttaxon:9606\t20240131\tUniProt\t\t\n"
    )
}

fn request(inputs: &Inputs, annotations: &str) -> FreezeRequest {
    inputs.write("go.obo", OBO);
    let mut request = inputs.request();
    request.annotations = Some(inputs.write("x.gaf", annotations));
    request.embeddings = EmbeddingSource::None;
    request.taxonomy = None;
    request
}

fn frozen(report: &FreezeReport) -> (FrozenDataset, Vec<(String, String)>) {
    let dataset = FrozenDataset::open(&report.directory).unwrap();
    dataset.verify().unwrap();
    let rows = dataset
        .annotations()
        .unwrap()
        .map(|row| {
            (
                dataset.accession(row.protein).to_owned(),
                row.term.to_owned(),
            )
        })
        .collect();
    (dataset, rows)
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted
        .iter()
        .map(|&(accession, term)| (accession.to_owned(), term.to_owned()))
        .collect()
}

#[test]
fn not_removes_the_term_and_its_descendants() {
    let inputs = Inputs::new();
    let text = row("P00001", "enables", "GO:0005515")
        + &row("P00001", "enables", "GO:0005488")
        + &row("P00001", "enables", "GO:0003824")
        + &row("P00001", "NOT|enables", "GO:0005488")
        + &row("P00002", "enables", "GO:0005515")
        + &row("P00002", "NOT|enables", "GO:0003824")
        + &row("X99999", "NOT|enables", "GO:0003824");
    let report = freeze(&request(&inputs, &text), &mut unwatched).unwrap();
    assert_eq!((report.negated, report.contradicted.count), (3, 2));
    assert_eq!(
        report.contradicted.examples,
        ["P00001 GO:0005515", "P00001 GO:0005488"]
    );
    let (dataset, rows) = frozen(&report);
    assert_eq!(
        rows,
        pairs(&[("P00001", "GO:0003824"), ("P00002", "GO:0005515")])
    );
    assert_eq!(report.manifest.counts.terms, 2);
    let negated: Vec<_> = dataset
        .negated_annotations()
        .unwrap()
        .unwrap()
        .map(|row| (dataset.accession(row.protein), row.term, row.evidence))
        .collect();
    assert_eq!(
        negated,
        [
            ("P00001", "GO:0005488", Some("IDA")),
            ("P00002", "GO:0003824", Some("IDA"))
        ]
    );
}

#[test]
fn not_of_an_isoform_is_not_of_its_entry() {
    let inputs = Inputs::new();
    inputs.write("proteins.fasta", ">sp|P12345|A\nMK\n");
    let text =
        row("P12345", "enables", "GO:0005515") + &row("P12345-2", "NOT|enables", "GO:0005515");
    let report = freeze(&request(&inputs, &text), &mut unwatched).unwrap();
    assert_eq!((report.negated, report.contradicted.count), (1, 0));
    let (dataset, rows) = frozen(&report);
    assert_eq!(rows, pairs(&[("P12345", "GO:0005515")]));
    assert!(dataset.negated_annotations().unwrap().is_none());
}

#[test]
fn parts_of_a_dataset_keep_their_rows_with_not() {
    let inputs = Inputs::new();
    let text: String = ["P00001", "P00002", "Q00003", "Q00004", "A0A024RBG1"]
        .map(|accession| {
            row(accession, "enables", "GO:0005515") + &row(accession, "NOT|enables", "GO:0003824")
        })
        .concat();
    let report = freeze(&request(&inputs, &text), &mut unwatched).unwrap();
    let (dataset, _) = frozen(&report);
    let request = SplitRequest {
        out: inputs.path("split"),
        rule: SplitRule::Shares {
            shares: Shares {
                validation: 0.0,
                test: 0.4,
            },
            grouping: Grouping::None,
        },
        seed: 5,
    };
    let made = split(&dataset, &request, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let mut proteins = 0;
    for place in &made.parts {
        let part = FrozenDataset::open(&place.directory).unwrap();
        let rows: Vec<_> = part.negated_annotations().unwrap().unwrap().collect();
        assert!(rows.len() == part.len() && rows.iter().all(|row| row.term == "GO:0003824"));
        proteins += part.len();
    }
    assert_eq!(proteins, 5);
}

#[test]
fn a_damaged_row_of_the_dataset_stops_unless_it_is_skipped() {
    let inputs = Inputs::new();
    let good = row("P00001", "enables", "GO:0005515");
    let foreign = row("X99999", "enables", "no term") + "gzip: x: unexpected end of file\n";
    let report = freeze(
        &request(&inputs, &(good.clone() + &foreign)),
        &mut unwatched,
    )
    .unwrap();
    assert_eq!(report.damaged_rows.count, 2);
    assert!(report.damaged_rows.examples[0].contains("x.gaf:2: "));

    let inputs = Inputs::new();
    let mut request = request(&inputs, &(good + &row("P00002", "enables", "no term")));
    let error = freeze(&request, &mut unwatched).unwrap_err();
    assert!(
        matches!(
            &error,
            DatasetError::Input(FormatError::Malformed { line: 2, .. })
        ),
        "{error}"
    );
    request.on_defect = OnDefect::Skip;
    let report = freeze(&request, &mut unwatched).unwrap();
    assert_eq!((report.damaged_rows.count, frozen(&report).1.len()), (1, 1));
}

#[test]
fn a_damaged_protein_stops_unless_it_is_skipped() {
    let inputs = Inputs::new();
    inputs.write(
        "proteins.fasta",
        ">P00001\nMK\n>P00002\nM*V\n>Q00003\nMK OX=9\n>Q00004 OX=none\nM\n",
    );
    let mut request = request(&inputs, &row("P00001", "enables", "GO:0005515"));
    let error = freeze(&request, &mut unwatched).unwrap_err().to_string();
    assert!(
        error.contains("P00002") && error.contains("proteins.fasta:4:"),
        "{error}"
    );
    request.on_defect = OnDefect::Skip;
    let report = freeze(&request, &mut unwatched).unwrap();
    assert_eq!(
        (report.damaged_proteins.count, report.damaged_taxa.count),
        (2, 1)
    );
    assert_eq!(report.manifest.counts.proteins, 2);
}

#[test]
fn obsolete_terms_are_told_or_replaced() {
    let text = row("P00001", "enables", "GO:0000009")
        + &row("P00001", "enables", "GO:0000008")
        + &row("P00002", "enables", "GO:0003824");
    let inputs = Inputs::new();
    let report = freeze(&request(&inputs, &text), &mut unwatched).unwrap();
    assert_eq!(
        report.obsolete_terms.examples,
        [
            "GO:0000009, replaced by GO:0005515",
            "GO:0000008, consider GO:0003824"
        ]
    );
    assert_eq!(frozen(&report).1.len(), 1);

    let inputs = Inputs::new();
    let mut request = request(&inputs, &text);
    request.map_obsolete = true;
    let report = freeze(&request, &mut unwatched).unwrap();
    assert_eq!(report.mapped_terms.examples, ["GO:0000009 -> GO:0005515"]);
    let wanted = [("P00001", "GO:0005515"), ("P00002", "GO:0003824")];
    assert_eq!(frozen(&report).1, pairs(&wanted));
}

#[test]
fn accessions_and_terms_in_other_forms_are_matched_and_told() {
    let inputs = Inputs::new();
    let text = "UniProtKB:P00001\tGO_0005515\nP00002.2\tgo:0005515\nq00003\t5515\nQ00004-1\tGO:0005515\n\
                sp|A0A024RBG1|X\tGO:0005515\nX99999.1\tGO:0005515\n";
    let report = freeze(&request(&inputs, text), &mut unwatched).unwrap();
    assert_eq!(frozen(&report).1.len(), 5);
    assert_eq!(
        (
            report.respelled_accessions.count,
            report.respelled_terms.count
        ),
        (4, 3)
    );
    assert_eq!(report.without_sequence.examples, ["X99999.1"]);
    assert!(
        frozen(&report)
            .1
            .iter()
            .all(|(_, term)| term == "GO:0005515")
    );
}

#[test]
fn names_that_end_in_a_number_are_not_versions() {
    let inputs = Inputs::new();
    inputs.write("proteins.fasta", ">contig.1\nMK\n>gene-7\nMK\n");
    let text = "contig.1\tGO:0005515\ncontig.2\tGO:0005515\ngene-8\tGO:0005515\n";
    let report = freeze(&request(&inputs, text), &mut unwatched).unwrap();
    assert_eq!(
        (frozen(&report).1.len(), report.without_sequence.count),
        (1, 2)
    );
}

#[test]
fn a_table_of_information_accretion_is_frozen_without_marks() {
    let inputs = Inputs::new();
    let request = request(&inputs, &row("P00001", "enables", "GO:0005515"));
    inputs.write(
        "ia.tsv",
        "\u{feff}GO:0005515\t1.5\r\n\r\nGO:0003824\t1\r\n\u{1a}",
    );
    let report = freeze(&request, &mut unwatched).unwrap();
    let (dataset, _) = frozen(&report);
    let copied = std::fs::read_to_string(dataset.ia_path().unwrap()).unwrap();
    assert!(
        copied.starts_with("GO:0005515\t1.5") && !copied.contains('\u{1a}'),
        "{copied:?}"
    );
}
