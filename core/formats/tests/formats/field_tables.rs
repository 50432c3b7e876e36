//! Tables of other tools with accessions and terms, lists of accessions, and sequences in other
//! formats: they are read as they are meant, or refused by name.

use protea_formats::{
    AnnotationReader, Content, FastaReader, FormatError, OnDefect, Wanted, read_ids, recognize_file,
};

use crate::input_files::Inputs;

const MD5: &str = "0123456789abcdef0123456789abcdef";

/// Accession and term of each row of a file.
fn pairs(inputs: &Inputs, text: &str) -> Result<Vec<String>, FormatError> {
    let mut reader = AnnotationReader::open(&inputs.write("table", text))?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(format!("{} {}", row.accession, row.term));
    }
    Ok(rows)
}

#[test]
fn tables_of_each_tool_give_the_same_annotations() {
    let inputs = Inputs::new();
    let interpro = |terms: &str| {
        format!("P1\t{MD5}\t100\tPfam\tPF1\tx\t1\t90\t1E-9\tT\t01-01-2024\tIPR1\tx\t{terms}\t-\n")
    };
    let id_mapping = |accession: &str, terms: &str| {
        format!(
            "{accession}\tX_HUMAN\t1\tNP_1\t1\t\t{terms}{}9606{}\n",
            "\t".repeat(6),
            "\t".repeat(9)
        )
    };
    let tables = [
        ("CAFA", "P1\tGO:0000001\nP1\tGO:0000002\nP2\tGO:0000003\n".to_owned()),
        ("goatools", "P1\tGO:0000001;GO:0000002\nP2\tGO:0000003\n".to_owned()),
        ("topGO", "P1\tGO:0000001, GO:0000002\nP2\tGO:0000003\n".to_owned()),
        ("bars", "P1\tGO:0000001|GO:0000002|\nP2\tGO:0000003\n".to_owned()),
        ("blanks", "P1\tGO:0000001 GO:0000002\nP2\tGO:0000003\n".to_owned()),
        (
            "eggNOG-mapper",
            "## emapper-2.1\n#query\tscore\tDescription\tGOs\tEC\nP1\t200\tx\tGO:0000001,GO:0000002\t-\n\
             P9\t20\tx\t-\t-\nP2\t3\tx\tGO:0000003\t-\n## 3 queries\n"
                .to_owned(),
        ),
        (
            "BioMart",
            "Gene stable ID\tProtein stable ID\tGO term accession\tGO domain\n\
             G\tP1\tGO:0000001\tmolecular_function\nG\tP1\tGO:0000002\tbiological_process\nG\tP1\t\t\n\
             G\tP2\tGO:0000003\tcellular_component\n"
                .to_owned(),
        ),
        (
            "InterProScan",
            interpro("GO:0000001(InterPro)|GO:0000002(PANTHER)")
                + &format!("P2\t{MD5}\t9\tPfam\tPF1\tx\t1\t9\t1\tT\t01-01-2024\n")
                + &interpro("-")
                + &interpro("GO:0000003").replace("P1\t", "P2\t"),
        ),
        (
            "idmapping_selected.tab",
            id_mapping("P1", "GO:0000001; GO:0000002") + &id_mapping("P2", "GO:0000003"),
        ),
        (
            "index of pandas",
            "\tEntryID\tterm\taspect\n0\tP1\tGO:0000001\tF\n1\tP1\tGO:0000002\tP\n2\tP2\tGO:0000003\tC\n"
                .to_owned(),
        ),
        (
            "other order",
            "term\tEntryID\nGO:0000001\tP1\nGO:0000002\tP1\nGO:0000003\tP2\n".to_owned(),
        ),
        (
            "with evidence",
            "EntryID\tterm\tevidence\nP1\tGO:0000001\tIDA\nP1\tGO:0000002\tIEA\nP2\tGO:0000003\tIDA\n"
                .to_owned(),
        ),
    ];
    for (name, text) in tables {
        let found = pairs(&inputs, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let wanted = ["P1 GO:0000001", "P1 GO:0000002", "P2 GO:0000003"];
        assert_eq!(found, wanted, "{name}");
    }
    let evidence = inputs.write("evidence", "EntryID\tterm\tevidence\nP1\tGO:0000001\tIDA\n");
    let mut reader = AnnotationReader::open(&evidence).unwrap();
    assert_eq!(reader.next_row().unwrap().unwrap().evidence, Some("IDA"));
    let found = recognize_file(&inputs.write("x", interpro("GO:0000001"))).unwrap();
    assert_eq!(found.content, Content::AnnotationTable);
}

#[test]
fn a_cell_that_is_no_list_of_terms_is_refused() {
    let inputs = Inputs::new();
    for cell in [
        "NOT|GO:0000001",
        "GO:0000001;widget",
        "GO:0000001 (widget binding)",
        "GO:0000001|0.9",
    ] {
        let error = pairs(&inputs, &format!("P1\t{cell}\n")).unwrap_err();
        assert!(
            error.to_string().contains("is not a term"),
            "{cell}: {error}"
        );
    }
    let text = "EntryID\tx\tterm\nP1\tx\tNOT|GO:0000001\n";
    assert!(
        pairs(&inputs, text)
            .unwrap_err()
            .to_string()
            .contains("NOT beside")
    );
    // Scores make a table of predictions.
    let text = "protein_id\tx\tGO_ID\tscore\nP1\tx\tGO:0000001\t0.1\n";
    assert!(pairs(&inputs, text).is_err());
    let text = "Entry\tOrganism\tGene Ontology IDs\nP1\tx\twidget\n";
    assert!(
        pairs(&inputs, text)
            .unwrap_err()
            .to_string()
            .contains("widget")
    );
}

#[test]
fn a_file_of_which_no_row_is_an_annotation_is_refused() {
    let inputs = Inputs::new();
    let path = inputs.write("x", "P1\tGO:0000001\tx\ty\nP2\tx\n\tx\n");
    let mut reader = AnnotationReader::open(&path).unwrap();
    let wanted = Wanted {
        protein: &|accession| accession == "P1",
        on_defect: OnDefect::Skip,
        ..Wanted::default()
    };
    let error = reader.next_wanted(&wanted).unwrap_err();
    assert!(
        matches!(&error, FormatError::NoUsableRow { rows: 3, first, .. } if first.contains("x:1")),
        "{error}"
    );
}

#[test]
fn the_header_of_a_list_of_accessions_is_named() {
    let inputs = Inputs::new();
    for header in ["id", "EntryID", "\"protein_id\""] {
        let path = inputs.write("ids.csv", format!("{header}\nP1\nP2\n"));
        let error = read_ids(&path).unwrap_err().to_string();
        assert!(
            error.contains("ids.csv:1") && error.contains("header"),
            "{error}"
        );
    }
}

#[test]
fn sequences_in_other_formats_are_named() {
    let inputs = Inputs::new();
    let nucleotides = format!(">P1\n{}\n>P2\n{}\n", "ACGTN".repeat(9), "acgu".repeat(12));
    for (text, words) in [
        (
            nucleotides.as_str(),
            &["all 2 sequences are nucleotides", "translate"][..],
        ),
        (">P1;CRAB_ANAPL\nAlpha crystallin\nMKV*\n", &["PIR"]),
        (">P1\nMKV>P2\nMK\n", &["'>' within a line", "line break"]),
        ("CLUSTAL W (1.83)\n\nP1 MKV--\n", &["alignment of Clustal"]),
        ("# STOCKHOLM 1.0\nP1 MKV\n//\n", &["Stockholm"]),
        ("LOCUS       NP_1 10 aa\n", &["GenBank"]),
        ("@read\nMKV\n+\nIII\n", &["FASTQ"]),
        ("ID   X_HUMAN   Reviewed;\n", &["entry of UniProt"]),
    ] {
        let mut reader = FastaReader::open(&inputs.write("x.fasta", text)).unwrap();
        let error = loop {
            match reader.next_record() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{text:?} was read"),
                Err(error) => break error.to_string(),
            }
        };
        for word in words {
            assert!(error.contains(word), "{error:?} lacks {word:?}");
        }
    }
    // A peptide of these letters, and a protein beside nucleotides, are proteins.
    for text in [">P1\nGACGT\n".to_owned(), nucleotides + ">P3\nMKV\n"] {
        let mut reader = FastaReader::open(&inputs.write("x.fasta", text)).unwrap();
        while reader.next_record().unwrap().is_some() {}
    }
}
