//! Columns, values and names of input files that would change a score or a split in silence.

use std::{fs, io::Write};

use crate::place::Place;

const TRUTH: &str = "P00001\tGO:0005488\nP00002\tGO:0003824\nP00003\tGO:0003824\n";
const PREDICTIONS: [(&str, &str, f64); 4] = [
    ("P00001", "GO:0005488", 0.9),
    ("P00002", "GO:0003824", 0.4),
    ("P00003", "GO:0003824", 0.7),
    ("P00003", "GO:0005488", 0.8),
];

fn place() -> Place {
    let place = Place::new();
    place.write("truth.tsv", TRUTH);
    place
}

/// A table of the predictions with a header; `row` writes a line.
fn table(header: &str, row: impl Fn(&str, &str, f64) -> String) -> String {
    let rows = PREDICTIONS.map(|(protein, term, score)| row(protein, term, score) + "\n");
    format!("{header}{}", rows.concat())
}

fn plain() -> String {
    table("", |protein, term, score| {
        format!("{protein}\t{term}\t{score}")
    })
}

/// Scores one method; returns the table of scores and the messages with `-q`.
fn scored(place: &Place, predictions: &str, arguments: &str) -> (String, String) {
    place.write("predictions/m.tsv", predictions);
    let line = format!("-q cafa go.obo predictions truth.tsv --out-dir results {arguments}");
    let ran = place.run(&line).ok();
    let all = fs::read_to_string(place.join("results/evaluation_all.tsv")).unwrap();
    (all, ran.stderr)
}

#[test]
fn the_score_is_in_the_column_that_the_header_names() {
    let place = place();
    let (right, said) = scored(&place, &plain(), "");
    assert_eq!(said, "");
    for (name, header, text) in [
        (
            "p-values before the score",
            "protein\tterm\tpvalue\tscore\n",
            (|p, t, s| format!("{p}\t{t}\t{}\t{s}", 1.0 - s)) as fn(&str, &str, f64) -> String,
        ),
        ("blanks", "target go_id rank confidence\n", |p, t, s| {
            format!("{p} {t} 1 {s}")
        }),
        ("an index", "\tEntryID\tterm\tprobability\n", |p, t, s| {
            format!("0\t{p}\t{t}\t{s}")
        }),
        ("another order", "score\tGO ID\tuniprot\n", |p, t, s| {
            format!("{s}\t{t}\t{p}")
        }),
        (
            "quotation marks",
            "\"id\"\t\"GO\"\t\"aspect\"\t\"score\"\n",
            |p, t, s| format!("\"{p}\"\t\"{t}\"\tF\t{s}"),
        ),
    ] {
        let (found, said) = scored(&place, &table(header, text), "");
        assert_eq!(found, right, "{name}");
        assert!(
            said.contains("read the columns that the header names"),
            "{name}: {said}"
        );
    }
    // cafaeval takes the third column.
    let text = table("protein\tterm\tpvalue\tscore\n", |p, t, s| {
        format!("{p}\t{t}\t{}\t{s}", 1.0 - s)
    });
    let (strict, said) = scored(&place, &text, "--strict-cafaeval");
    assert_ne!(strict, right);
    assert!(!said.contains("header"), "{said}");
    // `predictions stats` reads the same columns.
    let stats = place.run("predictions stats predictions/m.tsv").ok();
    assert!(stats.stdout.contains("0.9"), "{}", stats.stdout);
}

#[test]
fn further_columns_and_models_are_told() {
    let place = place();
    let (right, _) = scored(&place, &plain(), "");
    for (text, wanted) in [
        (
            table("", |p, t, s| format!("{p}\t{t}\t{s}\t0.5")),
            "although the fourth is a number too",
        ),
        (
            table("protein\tterm\tpvalue\n", |p, t, s| {
                format!("{p}\t{t}\t{s}")
            }),
            "the header calls it \"pvalue\"",
        ),
        (
            format!("MODEL 1\n{}END\nMODEL 2\n{}END\n", plain(), plain()),
            "the file has 2 models",
        ),
    ] {
        let (found, said) = scored(&place, &text, "");
        assert_eq!(found, right, "{wanted}");
        assert!(said.contains(wanted), "{said}");
    }
    let usual = table("protein\tterm\tscore\taspect\n", |p, t, s| {
        format!("{p}\t{t}\t{s}\tF")
    });
    assert_eq!(scored(&place, &usual, ""), (right, String::new()));
    let (_, said) = scored(&place, &(plain() + "sp|P00001|X\tGO:0003824\t0.99\n"), "");
    assert!(said.contains("sp|P00001|X for P00001"), "{said}");
    let (_, said) = scored(&place, &plain().trim_end().replace('\n', "\u{85}"), "");
    assert!(said.contains("line break of another kind"), "{said}");
}

#[test]
fn copies_of_editors_are_no_methods() {
    let place = place();
    for name in [
        "m.tsv.bak",
        "m.tsv.orig",
        "M.TMP",
        "m.tsv.part",
        "~$m.tsv",
        "m.tsv.rej",
    ] {
        place.write(&format!("predictions/{name}"), "P00001\tGO:0003824\t1\n");
    }
    let (found, _) = scored(&place, &plain(), "");
    assert!(
        found
            .lines()
            .skip(1)
            .all(|line| line.starts_with("m.tsv\t")),
        "{found}"
    );
}

#[test]
fn accretion_that_does_not_fit_is_told() {
    let place = place();
    let full = "GO:0003674\t0\nGO:0005488\t1.5\nGO:0003824\t0.5\nGO:0005634\t2\nGO:0005575\t0\n";
    place.write("ia.tsv", full);
    let (right, said) = scored(&place, &plain(), "--ia ia.tsv");
    assert_eq!(said, "");
    place.freeze("-q --ia ia.tsv").ok();
    fs::remove_dir_all(place.join("frozen")).unwrap();
    for (text, wanted) in [
        ("GO:0005488\t1.5\n".to_owned(), "weight 0"),
        (full.replace("\t1.5", "\t-1.5"), "negative"),
        (format!("{full}GO:0003824\t4\n"), "different values"),
    ] {
        place.write("ia.tsv", &text);
        let (_, said) = scored(&place, &plain(), "--ia ia.tsv");
        assert!(said.contains(wanted), "{wanted}: {said}");
        let ran = place.freeze("-q --ia ia.tsv").ok();
        assert!(
            ran.stderr.starts_with("warning: ") && ran.stderr.contains(wanted),
            "{wanted}: {}",
            ran.stderr
        );
        fs::remove_dir_all(place.join("frozen")).unwrap();
    }
    place.write("ia.tsv", full.replace("GO:", "HP:"));
    let error = place.freeze("--ia ia.tsv").error(3);
    assert!(
        error.contains("none of its 5 terms is in the ontology (it has HP:0003674, ")
            && error.contains("`protea dataset inspect ia.tsv`"),
        "{error}"
    );
    // Comments and quotation marks play no part, and the dataset has the rows alone.
    place.write(
        "ia.tsv",
        format!("# v1\n{full}").replace("GO:0003824", "\"GO:0003824\""),
    );
    assert_eq!(scored(&place, &plain(), "--ia ia.tsv").0, right);
    place.freeze("--ia ia.tsv").ok();
    let frozen = fs::read_to_string(place.join("frozen/ia.tsv")).unwrap();
    assert!(
        frozen.starts_with("GO:0003674\t0.0\nGO:0005488\t1.5\nGO:0003824\t0.5\n"),
        "{frozen}"
    );
}

#[test]
fn a_taxonomy_of_other_proteins_is_told() {
    let place = place();
    place.write("taxa.tsv", "X1\t9606\nX2\t9606\n");
    let ran = place.freeze("-q --taxonomy taxa.tsv").ok();
    assert_eq!(
        ran.stderr,
        "warning: taxonomy: it does not have 3 of 3 proteins (FASTA file: P00001, P00002, P00003; taxonomy: X1, X2); check that both use the same accessions\n"
    );
}

#[test]
fn other_separators_are_named_in_each_option() {
    let place = place();
    place.write("predictions/m.tsv", plain());
    place.freeze("").ok();
    for (file, text, arguments) in [
        (
            "c.csv",
            "P00001,c1\nP00002,c1\n",
            "dataset split frozen out --by cluster --clusters FILE",
        ),
        ("taxa.csv", "P00001,9606\n", "FREEZE --taxonomy FILE"),
        ("ia.csv", "GO:0005488,1.5\n", "FREEZE --ia FILE"),
        (
            "toi.csv",
            "GO:0005488,GO:0003824\n",
            "cafa go.obo predictions truth.tsv --toi FILE",
        ),
        (
            "u.csv",
            "Entry,Gene Ontology IDs\nP00001,\"GO:0005488; GO:0003824\"\n",
            "ANNOTATED --annotations FILE",
        ),
        (
            "g.csv",
            "!gaf-version: 2.2\nUniProtKB,P00001,X,,GO:0005488,PMID:1,IDA,,F,,,protein,taxon:9606,20200101,U,,\n",
            "ANNOTATED --annotations FILE",
        ),
    ] {
        place.write(file, text);
        let plain = "dataset freeze other --name small --ontology go.obo --fasta proteins.fasta";
        let line = arguments
            .replace("FREEZE", &format!("{plain} --annotations terms.tsv"))
            .replace("ANNOTATED", plain)
            .replace("FILE", file);
        let error = place.run(&line).error(3);
        assert!(error.contains("separated by commas"), "{file}: {error}");
        assert!(
            error.contains(&format!("`protea dataset inspect {file}`")),
            "{file}: {error}"
        );
    }
}

/// A zip archive of one member, whose content is not compressed.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    for size in [content.len(), content.len()] {
        bytes.extend((size as u32).to_le_bytes());
    }
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.write_all(name.as_bytes()).unwrap();
    bytes.write_all(content).unwrap();
    bytes
}

#[test]
fn documents_and_pointers_are_named() {
    let place = place();
    let sheet = b"application/vnd.oasis.opendocument.spreadsheet";
    for (file, content, wanted) in [
        (
            "a.xlsx",
            [
                zip("[Content_Types].xml", b"x"),
                zip("xl/workbook.xml", b"x"),
            ]
            .concat(),
            ["a spreadsheet", "separated by tabs"],
        ),
        (
            "a.ods",
            zip("mimetype", sheet),
            ["a spreadsheet", "separated by tabs"],
        ),
        (
            "a.docx",
            [
                zip("[Content_Types].xml", b"x"),
                zip("word/document.xml", b"x"),
            ]
            .concat(),
            ["office program", "export it"],
        ),
        ("a.rtf", b"{\\rtf1 abc}".to_vec(), ["RTF", "export it"]),
        (
            "a.lnk",
            b"../.git/annex/objects/xx/SHA256E-s1--a\n".to_vec(),
            ["git-annex", "git annex get"],
        ),
        (
            "b.lnk",
            b"/annex/objects/SHA256E-s1--a\n".to_vec(),
            ["git-annex", "git annex get"],
        ),
        (
            "a.rds",
            b"X\n\0\0\0\x03\0\x04\x02\x01".to_vec(),
            ["data of R", "write.table"],
        ),
    ] {
        place.write(file, &content);
        for option in ["--annotations", "--embeddings", "--taxonomy", "--ia"] {
            let error = place
                .run(&format!("dataset freeze out --name x --ontology go.obo --fasta proteins.fasta {option} {file}"))
                .error(3);
            assert!(
                wanted.iter().all(|word| error.contains(word)),
                "{file} {option}: {error}"
            );
        }
        let inspected = place.run(&format!("dataset inspect {file}")).ok().stdout;
        assert!(
            wanted.iter().all(|word| inspected.contains(word)),
            "{file}: {inspected}"
        );
    }
    place.write("a.json", "{\"message\":\"Not Found\"}");
    let error = place
        .run("dataset freeze out --name x --ontology go.obo --fasta proteins.fasta --annotations a.json")
        .error(3);
    assert!(error.contains("JSON"), "{error}");
}

#[test]
fn clusters_without_the_proteins_show_both_sides() {
    let place = place();
    place.freeze("").ok();
    let split = "dataset split frozen out --by cluster --clusters c.clstr";
    place.write(
        "c.clstr",
        ">Cluster 0\n0\t22aa, >P0000... *\n1\t22aa, >P0001... at 90%\n",
    );
    let error = place.run(split).error(3);
    assert!(
        error.contains("3 of 3 proteins (P00001, P00002, P00003) are not in the file of clusters")
            && error.contains("\"P0000\"")
            && error.contains("-d 0")
            && error.contains("`protea dataset inspect c.clstr`"),
        "{error}"
    );
    place.write("c.clstr", "p00001\tc1\np00002\tc2\n");
    let error = place.run(split).error(3);
    assert!(
        error.contains("\"p00001\"") && !error.contains("-d 0"),
        "{error}"
    );
}

#[test]
fn inspecting_goes_on_after_damaged_rows() {
    let place = place();
    let row = |accession: &str, evidence: &str| {
        format!(
            "UniProtKB\t{accession}\tS\t\tGO:0005488\tPMID:1\t{evidence}\t\tF\t\t\tprotein\ttaxon:9606\t20200101\tU\t\t\n"
        )
    };
    let gaf = format!(
        "!gaf-version: 2.2\n{}broken row\n{}{}",
        row("P00001", "IDA"),
        row("P00002", "IDA"),
        row("P00003", "")
    );
    place.write("a.gaf", gaf);
    let said = place.run("dataset inspect a.gaf").ok().stdout;
    assert!(
        said.contains("2 damaged rows")
            && said.contains("line 3: ")
            && said.contains("P00001, P00002")
            && said.contains("--lenient")
            && !said.contains("problem"),
        "{said}"
    );
    place.write(
        "a.fasta",
        ">P1\nMK*V\n>P2\nMKV\n>P3\n\n>P2\nMKV\n>P2\nMKL\n",
    );
    let said = place.run("dataset inspect a.fasta").ok().stdout;
    for wanted in [
        "2 damaged proteins",
        "1 proteins that repeat another with the same sequence",
        "1 proteins with the accession of another and another sequence",
        "--lenient",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    place.write(
        "p.tsv",
        "protein\tterm\tpvalue\tscore\nP1\tGO:0005488\t0.1\t0.75\n",
    );
    let said = place.run("dataset inspect p.tsv").ok().stdout;
    assert!(said.contains("scores from 0.75 to 0.75"), "{said}");
}
