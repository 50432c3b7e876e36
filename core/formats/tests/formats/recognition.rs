//! Tests that files are recognised by their content.

use protea_formats::{Content, Separator, recognize};

const GAF: &str = "UniProtKB\tP1\tS\tenables\tGO:0005515\tPMID:1\tIDA\t\tF\t\t\tprotein\ttaxon:9606\t20200131\tUniProt\t\t";

#[test]
fn each_kind_of_file_is_recognised() {
    let gaf = format!("{GAF}\n");
    let cases: &[(&str, Content, Option<Separator>)] = &[
        ("", Content::Empty, None),
        ("\n \n", Content::Empty, None),
        (">sp|P1|X\nMKV\n", Content::Fasta, None),
        ("; note\n>P1\nMKV\n", Content::Fasta, None),
        ("format-version: 1.2\n", Content::Obo, None),
        (
            "! made by hand\n[Term]\nid: GO:0008150\n",
            Content::Obo,
            None,
        ),
        ("{\"graphs\": []}", Content::OboGraphs, None),
        ("[1, 2]", Content::Json, None),
        ("!gaf-version: 2.2\n", Content::Gaf, None),
        (&gaf, Content::Gaf, Some(Separator::Tab)),
        ("!gpa-version: 1.1\n", Content::GpadOne, None),
        ("!gpa-version: 2.0\n", Content::GpadTwo, None),
        (
            "UniProtKB\tP1\tenables\tGO:0005515\tPMID:1\tECO:0000314\t\t\t20091119\tUniProt\t\t\n",
            Content::GpadOne,
            Some(Separator::Tab),
        ),
        (
            "#tax_id\tGeneID\tGO_ID\tEvidence\n9606\t1\tGO:0005515\tIDA\n",
            Content::Gene2Go,
            Some(Separator::Tab),
        ),
        (
            "GENE PRODUCT DB\tGENE PRODUCT ID\tGO TERM\nUniProtKB\tP1\tGO:0005515\n",
            Content::QuickGo,
            Some(Separator::Tab),
        ),
        (
            "Entry\tGene Ontology IDs\nP1\tGO:0005515; GO:0008150\n",
            Content::UniProtTable,
            Some(Separator::Tab),
        ),
        (">Cluster 0\n0\t90aa, >P1... *\n", Content::CdHit, None),
        (
            "EntryID\tterm\taspect\nP1\tGO:0005515\tF\n",
            Content::Annotations,
            Some(Separator::Tab),
        ),
        (
            "EntryID,term,aspect\nP1,GO:0005515,F\n",
            Content::Annotations,
            Some(Separator::Comma),
        ),
        (
            "P1;GO:0005515;0.5\n",
            Content::Predictions,
            Some(Separator::Semicolon),
        ),
        (
            "P1 GO:0005515 0.5\n",
            Content::Predictions,
            Some(Separator::Blank),
        ),
        (
            "GO:0005515\t1.5\n",
            Content::InformationAccretion,
            Some(Separator::Tab),
        ),
        ("P1\t9606\n", Content::Taxa, Some(Separator::Tab)),
        ("P1\t9606.0\n", Content::Taxa, Some(Separator::Tab)),
        (
            "Entry\tEntry Name\tOrganism (ID)\nP1\tX_HUMAN\t9606\n",
            Content::Taxa,
            Some(Separator::Tab),
        ),
        (
            "P1\tUniProtKB-ID\tX_HUMAN\nP1\tNCBI_TaxID\t9606\n",
            Content::Taxa,
            Some(Separator::Tab),
        ),
        (
            "EntryID\tGO:0005515\tGO:0008150\nP1\t0.5\t0.25\n",
            Content::TermColumns,
            Some(Separator::Tab),
        ),
        (
            "0005515\t1.5\n0008150\t0.0\n",
            Content::InformationAccretion,
            Some(Separator::Tab),
        ),
        ("GO:0005515\tP1\n", Content::Table, Some(Separator::Tab)),
        (
            "P1\tGO:0005515:0.5;GO:0008150:0.2\n",
            Content::Table,
            Some(Separator::Tab),
        ),
        ("@read1\nACGT\n+\nIIII\n", Content::Text, None),
        (
            "1\t|\t1\t|\tno rank\t|\t\t|\t8\t|\n2\t|\t1\t|\tsuperkingdom\t|\t\t|\t0\t|\n",
            Content::Lineages,
            None,
        ),
        (
            "1\t|\troot\t|\t\t|\tscientific name\t|\n2\t|\tBacteria\t|\tBacteria <bacteria>\t|\tscientific name\t|\n",
            Content::TaxonNames,
            None,
        ),
        ("12\t|\t74109\t|\n30\t|\t29\t|\n", Content::MergedTaxa, None),
        ("3439770\t|\n3439769\t|\n", Content::DeletedTaxa, None),
        (
            "9606\t9605\n9605\t207598\n1\t0\n",
            Content::Lineages,
            Some(Separator::Tab),
        ),
        (
            "taxon parent rank\n9606 9605 species\n9605 207598 genus\n",
            Content::Lineages,
            Some(Separator::Blank),
        ),
        ("GO:0005515\nGO:0008150\n", Content::Terms, None),
        ("P1\nP2\n", Content::Accessions, None),
        ("P1\tP2\n", Content::Pairs, Some(Separator::Tab)),
        (
            "id,d0,d1\nP1,0.1,0.2\nP2,0.1,0.2\n",
            Content::Vectors,
            Some(Separator::Comma),
        ),
        (
            "\u{feff}P1\tGO:0005515\n",
            Content::Annotations,
            Some(Separator::Tab),
        ),
    ];
    for (text, content, separator) in cases {
        let found = recognize(text.as_bytes());
        assert_eq!(
            (found.content, found.separator),
            (*content, *separator),
            "{text:?}"
        );
    }
}

#[test]
fn headers_and_marks_are_told() {
    let found = recognize("\u{feff}EntryID\tterm\r\nP1\tGO:0005515\r\n".as_bytes());
    assert!(found.byte_order_mark && found.utf8);
    assert_eq!(
        found.header,
        Some(vec!["EntryID".to_owned(), "term".to_owned()])
    );
    assert_eq!(recognize(b"P1\tGO:0005515\n").header, None);
    assert!(!recognize(b"P\xe91\tGO:0005515\n").utf8);
}
