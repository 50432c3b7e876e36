//! Tests tables of annotations and of taxa that are easily read wrongly.

use protea_formats::{AnnotationReader, Wanted, read_taxonomy};

use crate::{
    field_files::{gaf_row, pairs},
    input_files::Inputs,
};

#[test]
fn predictions_are_not_read_as_annotations() {
    let inputs = Inputs::new();
    for header in [
        "protein\tterm\tpred_score",
        "protein_id\tterm\trank\tprobability",
    ] {
        let row = if header.contains("rank") { "\t1" } else { "" };
        let text = format!("{header}\nP1\tGO:0000001{row}\t0.5\n");
        let error = pairs(&inputs.write("x.tsv", text)).unwrap_err().to_string();
        assert!(error.contains("these are predictions"), "{error}");
    }
    // The score of an alignment is not that of a term.
    let text = "#query\tevalue\tscore\tGOs\nP1\t1e-5\t90\tGO:0000001\n";
    assert_eq!(pairs(&inputs.write("x.tsv", text)).unwrap().len(), 1);
}

#[test]
fn json_in_place_of_annotations_is_named() {
    let inputs = Inputs::new();
    for text in [
        "{\"P1\": [\"GO:0000001\", \"GO:0000002\"]}\n",
        "{\"id\": \"P1\", \"terms\": [\"GO:0000001\"]}\n{\"id\": \"P2\", \"terms\": []}\n",
    ] {
        let mut reader = AnnotationReader::open(&inputs.write("x.json", text)).unwrap();
        let wanted = Wanted {
            protein: &|_| false,
            ..Wanted::default()
        };
        let error = reader.next_wanted(&wanted).unwrap_err().to_string();
        assert!(error.contains("a JSON document"), "{error}");
    }
}

#[test]
fn gaf_with_blanks_or_a_repeated_database_is_read() {
    let inputs = Inputs::new();
    let row = gaf_row("P1", "GO:0000001", "taxon:9606");
    for qualifier in ["NOT enables", "not|enables", "NOT |enables"] {
        let text = row.replace("enables", qualifier);
        let mut reader = AnnotationReader::open(&inputs.write("x.gaf", text)).unwrap();
        assert_eq!(reader.next_row().unwrap(), None, "{qualifier}");
        assert_eq!(reader.skipped().negated, 1, "{qualifier}");
    }
    let text = gaf_row("UniProtKB:P12345-2", "GO:0000001", "taxon:9606");
    let mut reader = AnnotationReader::open(&inputs.write("x.gaf", text)).unwrap();
    let read = reader.next_row().unwrap().unwrap();
    assert_eq!((read.accession, read.isoform), ("P12345", Some("P12345-2")));
}

#[test]
fn taxa_are_read_from_the_columns_that_a_header_names() {
    let inputs = Inputs::new();
    for text in [
        "Entry\tEntry Name\tOrganism (ID)\nP1\tX_HUMAN\t9606\nP2\tX_MOUSE\t10090\n",
        "Entry\tGene Ontology IDs\tOrganism (ID)\nP1\tGO:0000001\t9606\nP2\t\t10090\n",
        "accession\taccession.version\ttaxid\tgi\nP1\tP1.1\t9606\t7\nP2\tP2.1\t10090\t8\n",
        "taxonomyID\tEntryID\n9606\tP1\n10090\tP2\n",
        "P1\tUniProtKB-ID\tX_HUMAN\nP1\tNCBI_TaxID\t9606\nP1\tGeneID\t12\nP2\tNCBI_TaxID\t10090\n",
    ] {
        let taxa = read_taxonomy(&inputs.write("x.tsv", text)).unwrap();
        let found = ["P1", "P2"].map(|name| taxa.get(name).copied());
        assert_eq!(found, [Some(9606), Some(10090)], "{text}");
        assert_eq!(taxa.len(), 2, "{text}");
    }
    let text = "Entry\tLength\tOrganism (ID)\nP1\t90\tHomo sapiens\n";
    let error = read_taxonomy(&inputs.write("x.tsv", text)).unwrap_err();
    assert!(error.to_string().contains("x.tsv:2:"), "{error}");
}
