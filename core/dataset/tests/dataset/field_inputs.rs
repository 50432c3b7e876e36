//! Tests freezing of sequences, taxa and embeddings that do not fit one another.

use protea_dataset::{
    DatasetError, EmbeddingSource, FreezeReport, FreezeRequest, FrozenDataset, freeze, unwatched,
};
use protea_formats::{FormatError, OnDefect, Pool};

use crate::small::{ACCESSIONS, Inputs, npy};

fn request(inputs: &Inputs) -> FreezeRequest {
    let mut request = inputs.request();
    request.embeddings = EmbeddingSource::None;
    request.taxonomy = None;
    request
}

fn try_freeze(request: &FreezeRequest) -> Result<FreezeReport, DatasetError> {
    let _ = std::fs::remove_dir_all(&request.out);
    freeze(request, &mut unwatched)
}

fn taxa(report: &FreezeReport) -> Vec<Option<u32>> {
    let dataset = FrozenDataset::open(&report.directory).unwrap();
    (0..dataset.len()).map(|row| dataset.taxon(row)).collect()
}

#[test]
fn taxa_match_accessions_in_other_forms() {
    let inputs = Inputs::new();
    let mut request = request(&inputs);
    let rows = |form: &dyn Fn(&str) -> String| {
        let rows = ACCESSIONS.map(|accession| format!("{}\t3702\n", form(accession)));
        rows.concat()
    };
    let forms: [&dyn Fn(&str) -> String; 5] = [
        &|name| name.to_lowercase(),
        &|name| format!("{name}.1"),
        &|name| format!("UniProtKB:{name}"),
        &|name| format!("lcl|{name}"),
        &|name| format!("\"{name}\""),
    ];
    for (number, form) in forms.into_iter().enumerate() {
        request.taxonomy = Some(inputs.write("t.tsv", rows(form)));
        let report = try_freeze(&request).unwrap();
        assert_eq!(taxa(&report), [Some(3702); 5], "{number}");
        let expected = if number == 4 { 0 } else { 5 };
        assert_eq!(report.respelled_taxa.count, expected, "{number}");
        assert_eq!(report.without_taxon.count, 0);
    }
    request.taxonomy = Some(inputs.write("t.tsv", rows(&|name| format!("X{name}"))));
    let report = try_freeze(&request).unwrap();
    assert_eq!(report.without_taxon.count, 5);
    assert_eq!(report.taxonomy_names, ["XA0A024RBG1", "XP00001", "XP00002"]);
    request.taxonomy = Some(inputs.write("t.tsv", "P00002\t3702\n"));
    let report = try_freeze(&request).unwrap();
    assert_eq!(report.without_taxon.count, 4);
    assert_eq!(report.without_taxon.examples[0], "P00001");
}

#[test]
fn a_damaged_taxon_stops_only_if_its_protein_matters() {
    let inputs = Inputs::new();
    let mut request = request(&inputs);
    let gaf = |accession: &str, taxon: &str| {
        format!(
            "UniProtKB\t{accession}\tS\t\tGO:0005488\tPMID:1\tIDA\t\tF\t\t\tprotein\t{taxon}\t20240131\tU\t\t\n"
        )
    };
    for text in [
        "P00001\t9606\nO99999\tmouse\nX1\t9606\t3\n".to_owned(),
        "P00001\t9606\nO99999\t1\nO99999\t2\n".to_owned(),
        format!(
            "!gaf-version: 2.2\n{}{}",
            gaf("P00001", "taxon:9606"),
            gaf("O99999", "x")
        ),
    ] {
        request.taxonomy = Some(inputs.write("t.tsv", &text));
        let report = try_freeze(&request).unwrap();
        assert!(report.damaged_taxa.count > 0, "{text}");
        assert_eq!(taxa(&report)[0], Some(9606));
        request.taxonomy = Some(inputs.write("t.tsv", text.replace("O99999", "P00002")));
        let error = try_freeze(&request).unwrap_err();
        assert!(
            matches!(error, DatasetError::Input(FormatError::Malformed { .. })),
            "{text}: {error}"
        );
        request.on_defect = OnDefect::Skip;
        try_freeze(&request).unwrap();
        request.on_defect = OnDefect::Stop;
    }
    // What says that the taxon is unknown is no defect.
    let text = "P00001\tNA\nP00002\t0\nQ00003\t\nQ00004\t10090.0\n";
    request.taxonomy = Some(inputs.write("t.tsv", text));
    let report = try_freeze(&request).unwrap();
    assert_eq!(report.unknown_taxa.count, 3);
    assert_eq!(report.damaged_taxa.count, 0);
    assert_eq!(taxa(&report)[3], Some(10090));
}

#[test]
fn a_repeated_protein_is_read_once() {
    let inputs = Inputs::new();
    let mut request = request(&inputs);
    let fasta = std::fs::read_to_string(inputs.path("proteins.fasta")).unwrap();
    inputs.write("proteins.fasta", format!("{fasta}>P00002\nmseqwe\nNCE\n"));
    let report = try_freeze(&request).unwrap();
    assert_eq!(report.manifest.counts.proteins, 5);
    let first = 1 + fasta
        .lines()
        .position(|l| l.starts_with(">P00002"))
        .unwrap();
    let again = 1 + fasta.lines().count();
    assert_eq!(
        report.repeated_proteins.examples,
        [format!("P00002 on lines {first} and {again}")]
    );
    inputs.write("proteins.fasta", format!("{fasta}>P00002\nMK\n"));
    let error = try_freeze(&request).unwrap_err();
    assert!(
        matches!(error, DatasetError::Input(FormatError::Duplicate { .. })),
        "{error}"
    );
    request.on_defect = OnDefect::Skip;
    let report = try_freeze(&request).unwrap();
    assert_eq!(report.damaged_proteins.count, 1);
    let dataset = FrozenDataset::open(&report.directory).unwrap();
    assert_eq!(dataset.sequence(1), Some("MSEQWENCE"));
}

/// Writes a directory with a matrix of `rows` rows for each protein.
fn matrices(inputs: &Inputs, rows: impl Fn(usize) -> usize) {
    let directory = inputs.path("residues");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir(&directory).unwrap();
    for (accession, residues) in ACCESSIONS.into_iter().zip([14, 9, 6, 6, 12]) {
        let content = npy("<f4", rows(residues), 2, |row, _| {
            let value: f32 = if row < residues { 1.0 } else { 0.0 };
            value.to_le_bytes().to_vec()
        });
        inputs.write(&format!("residues/{accession}.npy"), content);
    }
}

#[test]
fn averaged_rows_are_compared_with_the_sequence() {
    let inputs = Inputs::new();
    let mut request = request(&inputs);
    request.pool = Some(Pool::Mean);
    request.embeddings = EmbeddingSource::Named {
        file: inputs.path("residues"),
        source: None,
    };
    matrices(&inputs, |residues| residues);
    assert_eq!(try_freeze(&request).unwrap().averaged_lengths.count, 0);
    // The token for the end, and a sequence that was cut.
    matrices(
        &inputs,
        |residues| if residues == 14 { 10 } else { residues + 1 },
    );
    let report = try_freeze(&request).unwrap();
    assert_eq!(report.averaged_lengths.count, 5);
    assert_eq!(
        report.averaged_lengths.examples[..2],
        [
            "P00001: 10 rows, 14 residues",
            "P00002: 10 rows, 9 residues"
        ]
    );
    matrices(&inputs, |_| 20);
    let text = try_freeze(&request).unwrap_err().to_string();
    assert!(
        text.contains("the matrix of P00001 has 20 rows, but its sequence has 14 residues")
            && text.contains("matrix[:14]"),
        "{text}"
    );
    request.on_defect = OnDefect::Skip;
    assert_eq!(try_freeze(&request).unwrap().averaged_lengths.count, 5);
}
