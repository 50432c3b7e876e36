//! Tests files as people have them: marks of editors, defects of published files, tables of other
//! tools.

use std::path::Path;

use protea_contracts::error::with_causes;
use protea_formats::{
    AnnotationReader, FastaReader, FormatError, OnDefect, Wanted, check_information_accretion,
    read_clusters, read_ids, read_taxonomy,
};

use crate::input_files::Inputs;

pub fn gaf_row(accession: &str, term: &str, taxon: &str) -> String {
    format!(
        "UniProtKB\t{accession}\tSYM\tenables\t{term}\tPMID:1\tIDA\t\tF\tname\tsyn\tprotein\t{taxon}\t20240131\tUniProt\t\t\n"
    )
}

pub fn pairs(path: &Path) -> Result<Vec<(String, String)>, FormatError> {
    let mut reader = AnnotationReader::open(path)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push((row.accession.to_owned(), row.term.to_owned()));
    }
    Ok(rows)
}

#[test]
fn marks_and_line_breaks_do_not_change_a_file() {
    let inputs = Inputs::new();
    let annotations = "P1\tGO:0000001\nP2\tGO:0000002\n";
    let taxa = "P1\t9606\nP2\t562\n";
    let ids = "P1\nP2\n";
    let clusters = "P1\tP1\nP1\tP2\n";
    let fasta = ">P1\nMKV\n>P2\nMK\n";
    type Change = fn(&str) -> String;
    let variants: [(&str, Change); 6] = [
        ("byte-order mark", |text| format!("\u{feff}{text}")),
        ("CRLF", |text| text.replace('\n', "\r\n")),
        ("CR", |text| text.replace('\n', "\r")),
        ("CRLF twice", |text| text.replace('\n', "\r\r\n")),
        ("Ctrl-Z", |text| format!("{text}\u{1a}")),
        ("no last newline", |text| text.trim_end().to_owned()),
    ];
    for (name, change) in variants {
        let write = |text: &str| inputs.write("x", change(text));
        let wanted = [("P1", "GO:0000001"), ("P2", "GO:0000002")]
            .map(|(accession, term)| (accession.to_owned(), term.to_owned()));
        assert_eq!(pairs(&write(annotations)).unwrap(), wanted, "{name}");
        assert_eq!(read_taxonomy(&write(taxa)).unwrap()["P1"], 9606, "{name}");
        let rows = read_ids(&write(ids)).unwrap();
        assert_eq!((rows["P1"], rows["P2"], rows.len()), (0, 1, 2), "{name}");
        assert_eq!(read_clusters(&write(clusters)).unwrap().len(), 2, "{name}");
        assert_eq!(
            check_information_accretion(&write("GO:1\t1\nGO:2\t2\n")).unwrap(),
            2
        );
        let mut reader = FastaReader::open(&write(fasta)).unwrap();
        let mut found = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            found.push((record.accession, record.sequence));
        }
        let wanted = [("P1", "MKV"), ("P2", "MK")].map(|(a, s)| (a.to_owned(), s.to_owned()));
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn files_that_are_not_text_are_named() {
    let inputs = Inputs::new();
    let utf16: Vec<u8> = "P1\tGO:1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content, words) in [
        (
            &b"PK\x03\x04\x14\x00\x00\x00\x08\x00"[..],
            ["zip archive", "unzip"],
        ),
        (b"BZh91AY&SY\x00\x00", ["bzip2", "bunzip2"]),
        (b"\xfd7zXZ\x00\x00\x04", ["xz", "unxz"]),
        (b"<!DOCTYPE html>\n<html>", ["HTML", "download"]),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            ["Git LFS", "git lfs pull"],
        ),
        (b"\xff\xfeP\x001\x00", ["UTF-16", "iconv"]),
        (&utf16, ["UTF-16", "UTF-8"]),
        (
            b"ID   X_HUMAN   Reviewed;  90 AA.\nAC   P1;\nDR   GO; GO:0000001; F:x; IDA:U.\n//\n",
            ["entries of UniProt", "as TSV"],
        ),
        (
            b"##gff-version 3\nP1\tPfam\tprotein_match\t1\t9\t.\t+\t.\tOntology_term=\"GO:0000001\"\n",
            ["GFF", "-f tsv -goterms"],
        ),
        (
            b"!\n!gpi-version: 2.1\nUniProtKB:P1\tX\tname\t\tPR:1\tNCBITaxon:9606\n",
            ["GPI", "GAF file"],
        ),
    ] {
        let path = inputs.write("x", content);
        let errors = [
            pairs(&path).unwrap_err(),
            read_ids(&path).unwrap_err(),
            read_taxonomy(&path).unwrap_err(),
            read_clusters(&path).unwrap_err(),
            check_information_accretion(&path).unwrap_err(),
            FastaReader::open(&path).map(drop).unwrap_err(),
        ];
        for error in errors {
            let text = with_causes(&error);
            assert!(matches!(error, FormatError::Foreign { .. }), "{text}");
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
    }
}

#[test]
fn zeros_behind_gzip_data_are_ignored_and_other_bytes_named() {
    let inputs = Inputs::new();
    let gzip = |text: &str| {
        inputs.write("x", text);
        std::fs::read(inputs.gzip("x")).unwrap()
    };
    let (one, other) = (gzip("P1\tGO:0000001\n"), gzip("P2\tGO:0000002\n"));
    for (content, rows) in [
        (one.clone(), 1),
        ([one.clone(), other.clone()].concat(), 2),
        ([one.clone(), vec![0; 512]].concat(), 1),
        ([one.clone(), vec![0; 512], other].concat(), 2),
    ] {
        assert_eq!(pairs(&inputs.write("y", content)).unwrap().len(), rows);
    }
    let error = pairs(&inputs.write("y", [one, b"more".to_vec()].concat())).unwrap_err();
    assert!(
        with_causes(&error).contains("not gzip follow the compressed data"),
        "{error}"
    );
}

#[test]
fn a_damaged_row_stops_only_if_its_protein_matters() {
    let inputs = Inputs::new();
    let good = gaf_row("P1", "GO:0000001", "taxon:9606");
    let row = |accession, term, taxon| gaf_row(accession, term, taxon);
    let wide = good.replace("P1", "P9").trim_end().to_owned() + "\t\t\tx\n";
    for bad in [
        wide.as_str(),
        "\t\tAt1g2\t\tGO:0100001\tPAINT:1\tIBA\t\tF\tx\ty\tprotein\ttaxon:3702\t20170427\tX\t\t\n",
        "UniProtKB\tP9\tinfB\t\tGO:000\n",
        "gzip: x.gaf.gz: unexpected end of file\n",
        &row("P9", "no term", "taxon:9606"),
    ] {
        let path = inputs.write("x.gaf", format!("!gaf-version: 2.2\n{good}{bad}{good}"));
        let read = |matters: &str, on_defect| {
            let mut reader = AnnotationReader::open(&path).unwrap();
            let wanted = Wanted {
                protein: &|accession| accession == matters,
                on_defect,
                ..Wanted::default()
            };
            let mut rows = 0;
            while reader.next_wanted(&wanted)?.is_some() {
                rows += 1;
            }
            Ok::<_, FormatError>((rows, reader.damaged_rows().clone()))
        };
        let (rows, defects) = read("P1", OnDefect::Stop).unwrap();
        assert_eq!((rows, defects.count), (2, 1), "{bad}");
        assert!(defects.examples[0].contains("x.gaf:3: "), "{defects:?}");
        if bad.contains("P9") {
            assert!(matches!(
                read("P9", OnDefect::Stop),
                Err(FormatError::Malformed { line: 3, .. })
            ));
        }
        assert_eq!(read("P9", OnDefect::Skip).unwrap().0, 2);
        assert!(pairs(&path).is_err(), "{bad}");
    }
}

#[test]
fn fields_that_play_no_part_may_be_damaged() {
    let inputs = Inputs::new();
    let latin_1 = gaf_row("P1", "GO:0000001", "taxon:9606").replace("name", "na\u{e9}e");
    let latin_1: Vec<u8> = latin_1.chars().map(|c| c as u8).collect();
    assert_eq!(pairs(&inputs.write("x.gaf", latin_1)).unwrap().len(), 1);

    let path = inputs.write("x.gaf", gaf_row("P1", "GO:0000001", "taxon:0"));
    let mut reader = AnnotationReader::open(&path).unwrap();
    let wanted = Wanted {
        taxa: false,
        ..Wanted::default()
    };
    assert_eq!(reader.next_wanted(&wanted).unwrap().unwrap().taxon, None);
    assert_eq!(reader.damaged_fields().count, 1);
    assert!(reader.damaged_fields().examples[0].contains("x.gaf:1: column 13"));

    for (header, taxa) in [
        (&b">P1 Widg\xe9t protein OX=9606\nMK\n"[..], 0),
        (b">P1 alpha->beta (OX=none)\nMK\n", 0),
        (b">P1 OX=human\nMK\n", 1),
        (b">P1 OX=4294967296\nMK\n", 1),
        (b"> P1 blank before\nMK\n", 0),
        (b"; by hand\n>P1\n; note\nMK\n", 0),
        (b">P1\nM\tK \n", 0),
        (b">P1\nMK*\n", 0),
    ] {
        let mut reader = FastaReader::open(&inputs.write("x.fasta", header)).unwrap();
        let record = reader.next_record().unwrap().unwrap();
        assert_eq!(
            (record.accession.as_str(), record.sequence.as_str()),
            ("P1", "MK")
        );
        assert_eq!(reader.next_record().unwrap(), None);
        assert_eq!(reader.invalid_taxa().count, taxa);
    }
}

#[test]
fn a_reader_of_fasta_goes_on_behind_a_damaged_protein() {
    let inputs = Inputs::new();
    let path = inputs.write("x.fasta", ">P1\nMK*V\nMKV\n>P2\nMK\n>P3\n>P4\nM\n");
    let mut reader = FastaReader::open(&path).unwrap();
    let mut found = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => found.push(record.accession),
            Ok(None) => break,
            Err(error) => found.push(error.to_string()),
        }
    }
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found[0].contains("x.fasta:2:") && found[0].contains("stop ('*')"),
        "{found:?}"
    );
    assert!(found[2].contains("P3 has no sequence"), "{found:?}");
    assert_eq!((found[1].as_str(), found[3].as_str()), ("P2", "P4"));
}

#[test]
fn annotations_of_other_tools_are_read() {
    let inputs = Inputs::new();
    let quickgo = "GENE PRODUCT DB\tGENE PRODUCT ID\tSYMBOL\tQUALIFIER\tGO TERM\tGO ASPECT\tECO ID\tGO EVIDENCE CODE\tTAXON ID\tDATE\n\
        UniProtKB\tP12345-2\tX\tenables\tGO:0000001\tF\tECO:0000314\tIDA\t9606\t20200131\n\
        UniProtKB\tP12345\tX\tNOT|enables\tGO:0000002\tF\tECO:0000314\tIDA\t9606\t20200131\n";
    let gene2go = "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory\n\
        9606\t12\tGO:0000001\tIDA\tenables\tx\t-\tFunction\n\
        9606\t12\tGO:0000002\tIDA\tNOT enables\tx\t-\tProcess\n";
    let uniprot = "Entry\tGene Ontology IDs\nP1\tGO:0000001; GO:0000002\nP2\t\nP3\tGO:0000003\n";
    let names =
        "Entry\tReviewed\tGene Ontology (GO)\nP1\treviewed\tbinding [GO:0000001]; x [GO:0000002]\n";
    // As UniProt wrote it until 2022.
    let older = "Entry\tGene ontology (biological process)\tGene ontology (cellular component)\n\
        P1\ta [GO:0000001]\tb [GO:0000002]\n";
    // A column for each aspect; the terms of the column between them are not annotations.
    let aspects = "Entry\tGene Ontology (biological process)\tFunction [CC]\tGene Ontology (cellular component)\tGene Ontology (molecular function)\n\
        P1\ta [GO:0000001]; b [GO:0000002]\tsee GO:0000009\t\tc [GO:0000003]\n\
        P2\t\t\t\t\nP3\t\t\td [GO:0000004]\t\n";
    let omicsbox = "SeqName\tGO IDs\tGO Names\nP1\tF:GO:0000001; P:GO:0000002\tx; y\n";
    let quoted = "\"EntryID\"\t\"term\"\n\"P1\"\t\"GO:0000001\"\n";
    let commented = "# by a script\n\n# 2026\nEntryID\tterm\taspect\nP1\tGO:0000001\tF\t\n! note\n";
    let spelled = "P1\tGO_0000001\nP1\t0000002\nP1\thttp://purl.obolibrary.org/obo/GO_0000003\n";
    let cases: [(&str, &[(&str, &str)]); 10] = [
        (older, &[("P1", "GO:0000001"), ("P1", "GO:0000002")]),
        (quickgo, &[("P12345", "GO:0000001")]),
        (gene2go, &[("12", "GO:0000001")]),
        (
            uniprot,
            &[
                ("P1", "GO:0000001"),
                ("P1", "GO:0000002"),
                ("P3", "GO:0000003"),
            ],
        ),
        (names, &[("P1", "GO:0000001"), ("P1", "GO:0000002")]),
        (
            aspects,
            &[
                ("P1", "GO:0000001"),
                ("P1", "GO:0000002"),
                ("P1", "GO:0000003"),
                ("P3", "GO:0000004"),
            ],
        ),
        (omicsbox, &[("P1", "GO:0000001"), ("P1", "GO:0000002")]),
        (quoted, &[("P1", "GO:0000001")]),
        (commented, &[("P1", "GO:0000001")]),
        (
            spelled,
            &[
                ("P1", "GO_0000001"),
                ("P1", "0000002"),
                ("P1", "http://purl.obolibrary.org/obo/GO_0000003"),
            ],
        ),
    ];
    for (text, wanted) in cases {
        let wanted: Vec<(String, String)> = wanted
            .iter()
            .map(|&(accession, term)| (accession.to_owned(), term.to_owned()))
            .collect();
        assert_eq!(
            pairs(&inputs.write("x.tsv", text)).unwrap(),
            wanted,
            "{text}"
        );
    }
    let mut reader = AnnotationReader::open(&inputs.write("x.tsv", gene2go)).unwrap();
    let row = reader.next_row().unwrap().unwrap();
    assert_eq!(
        (row.aspect.map(|a| a.name()), row.evidence, row.taxon),
        (Some("MFO"), Some("IDA"), Some(9606))
    );
    assert_eq!(reader.next_row().unwrap(), None);
    assert!(reader.names_genes() && reader.skipped().negated == 1);
}

#[test]
fn rows_with_not_are_returned_on_demand() {
    let inputs = Inputs::new();
    let text = gaf_row("P1", "GO:0000001", "taxon:9606").replace("enables", "NOT|enables");
    let mut reader = AnnotationReader::open(&inputs.write("x.gaf", text)).unwrap();
    let wanted = Wanted {
        negated: true,
        ..Wanted::default()
    };
    let row = reader.next_wanted(&wanted).unwrap().unwrap();
    assert!(row.negated && row.term == "GO:0000001");
    assert_eq!(reader.skipped().negated, 1);
}

#[test]
fn clusters_of_cd_hit_and_of_other_tools_are_read() {
    let inputs = Inputs::new();
    let cd_hit = ">Cluster 0\n0\t90aa, >P1... *\n1\t88aa, >sp|P2|X... at 95%\n>Cluster 1\n0\t70aa, >P3... *\n";
    let read = |text: &str| read_clusters(&inputs.write("x", text));
    for text in [
        cd_hit,
        "P1\tP1\nP1\tP2\nP3\tP3\n",
        "representative\tmember\nP1\tP1\nP1\tP2\nP3\tP3\n",
        "# by hand\nP1 c1\nP2 c1\n\nP3 c2\n",
    ] {
        let clusters = read(text).unwrap();
        assert!(
            clusters["P1"] == clusters["P2"] && clusters["P1"] != clusters["P3"],
            "{text}"
        );
    }
    for (text, words) in [
        (">Cluster 0\nP1\n", ["x:2:", "CD-HIT"]),
        ("P1,P2\n", ["x:1:", "tab"]),
        ("P1\n", ["x:1:", "two columns"]),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}
