//! Every format gives the same predictions, and damaged lines are named.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use protea_predictions::{Source, Tally, for_each_protein, sort_for_output, write_rows};

#[cfg(feature = "parquet")]
use crate::files::reference;
use crate::files::{Files, session};

/// The predictions of a file as accession, term and score.
fn rows(source: &Source, memory: usize) -> (String, Tally) {
    let mut out = Vec::new();
    let result = for_each_protein(
        source,
        &mut session(memory),
        &mut |accession, rows, terms| {
            sort_for_output(rows, terms);
            write_rows(accession, rows, terms, &mut out);
            Ok(())
        },
    );
    (String::from_utf8(out).unwrap(), result.unwrap().0)
}

const ROWS: &str = "P1\tGO:0000002\t0.75\nP1\tGO:0000001\t0.5\nP2\tHP:0000001\t0.000001\n";

#[test]
fn formats_are_recognised_by_content() {
    let files = Files::new();
    let json = "\
{\"accession\": \"P1\", \"terms\": [{\"term\": \"GO:0000001\", \"score\": 0.5}, {\"term\": \"GO:0000002\", \"score\": 0.75}]}
{\"accession\": \"P2\", \"terms\": [{\"term\": \"HP:0000001\", \"score\": 1e-6}]}
";
    let table = "\
accession\tterm\tname\taspect\tscore
P1\tGO:0000001\ta name\tMFO\t0.5
P1\tGO:0000002\t\tMFO\t7.5e-1
P2\tHP:0000001\tother\t\t0.000001
";
    let cafa = "\
AUTHOR\tTEAM
MODEL\t1
KEYWORDS\tsequence alignment, machine learning.
ACCURACY\t1\tPR=0.86; RC=0.43
P1 GO:0000001 .5
P1 GO:0000002 0.750
P2 HP:0000001 0.000001
END
";
    let header = format!("# comment\n! another\naccession\tterm\tscore\n{ROWS}");
    let with_mark = format!(
        "\u{feff}EntryID\tterm\tscore\r\n{}",
        ROWS.replace('\n', "\r\n")
    );
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(ROWS.as_bytes()).unwrap();
    let gzipped = encoder.finish().unwrap();
    for (name, content) in [
        ("rows", ROWS.as_bytes()),
        ("json", json.as_bytes()),
        ("table", table.as_bytes()),
        ("cafa", cafa.as_bytes()),
        ("header", header.as_bytes()),
        ("mark", with_mark.as_bytes()),
        ("gz", &gzipped),
    ] {
        let source = files.source(name, content);
        for memory in [1, 1 << 20] {
            assert_eq!(rows(&source, memory).0, ROWS, "{name}");
        }
    }
    let pipe = Source::copy_of(ROWS.as_bytes(), "standard input", &files.path("")).unwrap();
    assert_eq!(rows(&pipe, 1).0, ROWS);
}

#[test]
fn formats_without_scores_give_1() {
    let files = Files::new();
    let gaf = |qualifier: &str, term: &str| {
        format!(
            "U\tP1\tP1\t{qualifier}\t{term}\tR\tIEA\t\tF\t\t\tprotein\ttaxon:9606\t20260101\tX\t\t\n"
        )
    };
    let gaf = [
        gaf("enables", "GO:0000001"),
        gaf("NOT|enables", "GO:0000002"),
    ]
    .concat();
    for (name, content) in [
        ("gaf", format!("!gaf-version: 2.2\n{gaf}")),
        ("rows of gaf", gaf),
        ("topgo", "P1\tGO:0000001\n".to_owned()),
    ] {
        let source = files.source(name, content);
        let (rows, tally) = rows(&source, 1);
        assert_eq!(rows, "P1\tGO:0000001\t1\n", "{name}");
        assert!(source.format().has_no_scores());
        assert_eq!(tally.negated, u64::from(name != "topgo"));
    }
    let topgo = files.source("list", "P1\tGO:0000001, GO:0000002\nP2\tGO:0000001\n");
    let wanted = "P1\tGO:0000001\t1\nP1\tGO:0000002\t1\nP2\tGO:0000001\t1\n";
    assert_eq!(rows(&topgo, 1).0, wanted);
}

#[test]
fn proteins_come_in_the_order_of_the_file() {
    let files = Files::new();
    let scattered = files.source(
        "a",
        "P2 GO:0000001 0.1\nP1 GO:0000001 0.2\nP2 GO:0000002 0.3\n",
    );
    let wanted = "P2\tGO:0000002\t0.3\nP2\tGO:0000001\t0.1\nP1\tGO:0000001\t0.2\n";
    assert_eq!(rows(&scattered, 1).0, wanted);
    assert_eq!(rows(&scattered, 1 << 20).0, wanted);
}

#[test]
fn a_json_object_has_a_list_of_terms_or_one_term() {
    let files = Files::new();
    let source = files.source(
        "a",
        "{\"accession\": \"P1\", \"term\": \"GO:0000001\", \"score\": 0.5}\n\
         {\"accession\": \"P2\", \"terms\": [{\"term\": \"GO:0000001\", \"score\": 0.25}]}\n",
    );
    assert_eq!(
        rows(&source, 1).0,
        "P1\tGO:0000001\t0.5\nP2\tGO:0000001\t0.25\n"
    );
}

#[test]
fn damaged_lines_are_named() {
    let files = Files::new();
    for (content, wanted) in [
        (
            "P1 GO:0000001 0.5\nP1 GO:0000002\n",
            "a:2: the line has 2 of the three columns",
        ),
        (
            "P1 GO:0000001 0.5\nP1 GO:0000002 high\n",
            "a:2: the score \"high\" is not a number",
        ),
        (
            "P1,GO:0000001,0.5\n",
            "a:1: the columns are separated by commas",
        ),
        (
            "{\"accession\": \"P1\"}\n",
            "a:1: the object has no list `terms`",
        ),
        ("{\"accession\": \n", "a:1: the line is not JSON"),
        (
            "[{\"accession\": \"P1\"}]\n",
            "a:1: the line starts a JSON list",
        ),
        (
            "{\"accession\": \"P1\", \"term\": \"GO:0000001\"}\n",
            "a:1: the object has no number `score`",
        ),
        ("", "a: the file has no predictions"),
        ("P1 GO:0000001 0\n", "a: the file has no predictions"),
    ] {
        let source = files.source("a", content);
        let result = for_each_protein(&source, &mut session(1), &mut |_, _, _| Ok(()));
        let message = result.unwrap_err().to_string();
        let directory = files.path("").display().to_string();
        let message = message.replace(&directory, "");
        assert!(message.starts_with(wanted), "{message}");
    }
}

/// Checks what inspection says of a file with [`ROWS`].
#[cfg(feature = "parquet")]
fn assert_inspected(files: &Files, name: &str, kind: &str) {
    let path = files.path(name);
    let found = protea_formats::inspect(&path, path.parent().unwrap()).unwrap();
    assert_eq!(
        (found.kind.as_str(), found.rows),
        (kind, Some(3)),
        "{found:?}"
    );
    let reading = Some(protea_formats::Reading::Predictions);
    assert_eq!((found.reading, found.problem.as_deref()), (reading, None));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_reads_what_it_writes() {
    use protea_predictions::{ParquetColumns, ParquetWriter};

    let files = Files::new();
    for (name, columns) in [
        ("scores", ParquetColumns::Scores),
        ("names", ParquetColumns::Names),
    ] {
        let mut writer = ParquetWriter::new(Vec::new(), columns).unwrap();
        for line in ROWS.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let score = fields[2].parse().unwrap();
            writer
                .add(fields[0], fields[1], "name", "MFO", score)
                .unwrap();
        }
        let bytes = writer.finish().unwrap();
        let source = files.source(name, &bytes);
        assert_eq!(rows(&source, 1).0, ROWS);
        assert_inspected(&files, name, "predictions in Parquet");
        let text = files.path("text");
        let paths = [&text, &files.path(name)].map(|path| path.to_string_lossy().into_owned());
        if reference(&["from_parquet", &paths[0], &paths[1]]) {
            let written = files.source("rows", ROWS);
            let read = files.source("again", std::fs::read(&text).unwrap());
            assert_eq!(rows(&written, 1).0, rows(&read, 1).0);
            // What pyarrow writes, with other columns and another type of strings.
            let paths = ["theirs", "rows"].map(|name| files.path(name).display().to_string());
            assert!(reference(&["to_parquet", &paths[0], &paths[1]]));
            let bytes = std::fs::read(files.path("theirs")).unwrap();
            assert_eq!(rows(&files.source("copied", bytes), 1).0, ROWS);
        }
        // Cut off, the footer is missing.
        let cut = files.source("cut", &bytes[..bytes.len() / 2]);
        let result = for_each_protein(&cut, &mut session(1), &mut |_, _, _| Ok(()));
        assert!(
            result
                .unwrap_err()
                .to_string()
                .contains("the Parquet file cannot be read")
        );
    }
}

#[test]
fn tables_of_r_and_pannzer_are_read_by_their_header() {
    let files = Files::new();
    let r = "\"EntryID\"\t\"term\"\t\"score\"\n\"1\"\t\"P1\"\t\"GO:0000002\"\t0.75\n";
    let pannzer = "qpid\tontology\tgoid\tdesc\tARGOT_score\tARGOT_PPV\tARGOT_rank\n\
        P1\tMF\tGO:0000002\tbinding\t9.5\t0.75\t1\n";
    for (name, content) in [("r", r), ("pannzer", pannzer)] {
        let (found, tally) = rows(&files.source(name, content), 1 << 20);
        assert_eq!(found, "P1\tGO:0000002\t0.75\n", "{name}");
        assert_eq!(tally.rows, 1, "{name}");
    }
}

#[cfg(feature = "parquet")]
#[test]
fn feather_of_pyarrow_is_read() {
    let files = Files::new();
    files.source("rows", ROWS);
    for compression in ["uncompressed", "lz4", "zstd"] {
        let paths = ["theirs", "rows"].map(|name| files.path(name).display().to_string());
        if !reference(&["to_feather", &paths[0], &paths[1], compression]) {
            return;
        }
        let bytes = std::fs::read(files.path("theirs")).unwrap();
        let source = files.source("copied", &bytes);
        assert_eq!(source.format().name(), "Feather");
        assert_inspected(&files, "copied", "predictions in Feather (Arrow IPC)");
        assert_eq!(rows(&source, 1).0, ROWS, "{compression}");
        let cut = files.source("cut", &bytes[..bytes.len() - 6]);
        let result = for_each_protein(&cut, &mut session(1), &mut |_, _, _| Ok(()));
        let error = result.unwrap_err().to_string();
        assert!(error.contains("does not end with ARROW1"), "{error}");
    }
}

#[test]
fn accessions_that_begin_as_comments_are_read() {
    let files = Files::new();
    let table = "\
accession\tterm\tname\taspect\tscore
# a comment
#P1\tGO:0000002\ta name\tMFO\t0.75
P2\tHP:0000001\tother\t\t0.5
";
    let columns = "# a comment\n#P1\tGO:0000002\t0.75\nP2\tHP:0000001\t0.5\n";
    for (name, content) in [("table", table), ("columns", columns)] {
        let (found, tally) = rows(&files.source(name, content), 1 << 20);
        assert_eq!(
            found, "#P1\tGO:0000002\t0.75\nP2\tHP:0000001\t0.5\n",
            "{name}"
        );
        assert_eq!(tally.rows, 2, "{name}");
    }
}
