//! The columns of a table of predictions, as its header names them.

use crate::{reading::Reading, spelling::trim_invisible};

/// Lines at the start of a file in which a header is looked for.
const LINES: usize = 50;
/// Names of a column of accessions, in lower case and without blanks, `_` and `-`.
const ACCESSIONS: [&str; 23] = [
    "accession",
    "protein",
    "proteinid",
    "proteinaccession",
    "proteinname",
    "prot",
    // PANNZER.
    "qpid",
    "entryid",
    "entry",
    "target",
    "targetid",
    "id",
    "identifier",
    "uniprot",
    "uniprotid",
    "uniprotaccession",
    "query",
    "queryid",
    "queryname",
    "sequence",
    "sequenceid",
    "gene",
    "geneid",
];
const TERMS: [&str; 14] = [
    "term",
    "termid",
    "go",
    "goid",
    "goterm",
    "gotermid",
    "goacc",
    "goaccession",
    "gotermaccession",
    "hpo",
    "hpoid",
    "hpoterm",
    "ontologyterm",
    "ontologyid",
];
/// Names of a column of scores. A name that contains one of the last words is one too.
const SCORES: [&str; 10] = [
    "score",
    "confidence",
    "probability",
    "prob",
    "prediction",
    "predictedscore",
    "confidencescore",
    "predictionscore",
    "goscore",
    // PANNZER's probability; its ARGOT_score is not from 0 to 1.
    "argotppv",
];
const LIKE_SCORES: [&str; 7] = [
    "score",
    "prob",
    "conf",
    "pred",
    "likelihood",
    "certainty",
    "belief",
];

/// Which columns of a table of predictions have the accession, the term and the score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScoreColumns {
    /// The first three.
    #[default]
    FirstThree,
    /// Those that the header names, counted from 0.
    Named([usize; 3]),
}

/// What a header of a table of predictions says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The columns to read.
    pub columns: ScoreColumns,
    /// The names of the columns that are read and of the one that would be the third, for a message;
    /// `None` unless the columns are not the first three.
    pub named: Option<String>,
    /// The name of the third column, if it is read as the score but has another name.
    pub doubtful: Option<String>,
    /// Whether the header has a column of accessions, one of terms and one of scores, in any order.
    pub is_complete: bool,
}

impl Header {
    /// The header at the start of a table; the default if it has none, or if the reading is that of
    /// cafaeval, which always takes the first three columns.
    #[must_use]
    pub fn of_start(start: &[u8], reading: Reading) -> Self {
        if reading == Reading::Cafaeval {
            return Self::default();
        }
        let mut lines = start
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .take(LINES);
        while let Some(line) = lines.next() {
            let line = line.trim_ascii_end();
            let first = line.split(u8::is_ascii_whitespace).next().unwrap_or(line);
            let is_comment = matches!(first.first(), Some(b'#' | b'!'));
            if line.trim_ascii().is_empty() || (is_remark(first) && !is_comment) {
                continue;
            }
            let mut rows = lines.clone().map(<[u8]>::trim_ascii_end);
            let row = rows.find(|row| !row.is_empty()).unwrap_or_default();
            match Self::of_line(line, is_comment, row) {
                Some(header) => return header,
                None if is_comment => {}
                None => break,
            }
        }
        Self::default()
    }

    /// What a line says, if it is a header. A comment is one only if it names all three columns. `row` is
    /// the line that follows.
    fn of_line(line: &[u8], is_comment: bool, row: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        let mut names: Vec<String> =
            fields(text.trim_start_matches(['#', '!']).trim_start_matches(' '))
                .into_iter()
                .map(str::to_owned)
                .collect();
        let mut keys: Vec<String> = names.iter().map(|name| key(name)).collect();
        if names.len() < 3 {
            return None;
        }
        let exact = |known: &[&str]| keys.iter().position(|key| known.contains(&key.as_str()));
        let is_score = |key: &String| {
            LIKE_SCORES.iter().any(|word| key.contains(word)) && !key.contains("log")
        };
        let mut alike = (0..keys.len()).filter(|&at| is_score(&keys[at]));
        let only = alike.next().filter(|_| alike.next().is_none());
        let mut found = (exact(&ACCESSIONS), exact(&TERMS), exact(&SCORES).or(only));
        let all = matches!(found, (Some(_), Some(_), Some(_)));
        // R writes the names of the rows into a column that has no name.
        let in_row = std::str::from_utf8(row).map_or(0, |row| fields(row).len());
        if let (Some(accession), Some(term), Some(score)) = found
            && in_row == names.len() + 1
        {
            names.insert(0, String::new());
            keys.insert(0, String::new());
            found = (Some(accession + 1), Some(term + 1), Some(score + 1));
        }
        if !all && (is_comment || !is_header(line)) {
            return None;
        }
        // The usual places win: `accession term confidence rank`, also with unusual names.
        let third_is_score = is_score(&keys[2]);
        let (accession, term, score) = found;
        let places = match (accession.unwrap_or(0), term.unwrap_or(1), score) {
            (0, 1, _) if third_is_score => [0, 1, 2],
            (accession, term, Some(score))
                if accession != term && accession != score && term != score =>
            {
                [accession, term, score]
            }
            _ => [0, 1, 2],
        };
        if places == [0, 1, 2] {
            let doubtful = (!third_is_score && !names[2].is_empty()).then(|| names[2].clone());
            return Some(Self {
                doubtful,
                is_complete: all,
                ..Self::default()
            });
        }
        let column = |place: usize| format!("{:?} (column {})", names[place], place + 1);
        let [accession, term, score] = places;
        Some(Self {
            columns: ScoreColumns::Named(places),
            named: Some(format!(
                "accession {}, term {}, score {}",
                column(accession),
                column(term),
                column(score)
            )),
            doubtful: None,
            is_complete: all,
        })
    }
}

/// Whether a line that names no known protein is a comment, or one of the lines about the team that
/// the submission format of CAFA has before and behind the predictions.
#[must_use]
pub fn is_remark(accession: &[u8]) -> bool {
    matches!(accession.first(), Some(b'#' | b'!'))
        || matches!(
            accession,
            b"AUTHOR" | b"MODEL" | b"KEYWORDS" | b"ACCURACY" | b"END"
        )
}

/// Whether the first line of a table names its columns: no column has a digit.
#[must_use]
pub fn is_header(line: &[u8]) -> bool {
    !line.is_empty() && !line.iter().any(u8::is_ascii_digit)
}

/// A name of a column in the form in which names are compared.
fn key(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The fields of a line: separated by tabs if it has any, otherwise by white space.
fn fields(line: &str) -> Vec<&str> {
    let clean = |field| {
        let field = trim_invisible(field);
        let inner = field
            .strip_prefix('"')
            .and_then(|field| field.strip_suffix('"'));
        inner.unwrap_or(field)
    };
    if line.contains('\t') {
        line.split('\t').map(clean).collect()
    } else {
        line.split_whitespace().map(clean).collect()
    }
}

/// The columns of a row at the places that a header names. Missing columns are empty. Columns are
/// separated by tabs if the line has any, otherwise by white space.
#[must_use]
pub fn named_columns(line: &[u8], places: [usize; 3]) -> [&[u8]; 3] {
    if let Ok(text) = std::str::from_utf8(line) {
        let fields = fields(text);
        return places.map(|place| fields.get(place).map_or(&b""[..], |field| field.as_bytes()));
    }
    let tabs = line.contains(&b'\t');
    let separates = |byte: &u8| {
        if tabs {
            *byte == b'\t'
        } else {
            byte.is_ascii_whitespace()
        }
    };
    let fields: Vec<&[u8]> = line
        .split(separates)
        .map(<[u8]>::trim_ascii)
        .filter(|field| tabs || !field.is_empty())
        .collect();
    places.map(|place| fields.get(place).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(start: &str) -> Header {
        Header::of_start(start.as_bytes(), Reading::Specification)
    }

    #[test]
    fn a_header_names_the_columns() {
        for (start, places) in [
            (
                "protein\tterm\tpvalue\tscore\nP1\tGO:0000001\t0.1\t0.9\n",
                [0, 1, 3],
            ),
            ("protein term rank score\n", [0, 1, 3]),
            ("\tEntryID\tGO ID\tConfidence\n", [1, 2, 3]),
            ("# a comment\n#protein\tterm\taspect\tscore\n", [0, 1, 3]),
            ("AUTHOR x\nMODEL 1\nscore\tterm\tprotein\n", [2, 1, 0]),
            (
                "\"protein\"\t\"term\"\t\"e_value\"\t\"prob_1\"\n",
                [0, 1, 3],
            ),
            ("molecule\tfunction\trank\tprobability\n", [0, 1, 3]),
            // As R writes the names of rows.
            (
                "\"EntryID\"\t\"term\"\t\"score\"\n\"1\"\t\"P1\"\t\"GO:0000001\"\t0.5\n",
                [1, 2, 3],
            ),
            (
                "qpid\tontology\tgoid\tdesc\tARGOT_score\tARGOT_PPV\tARGOT_rank\nP1\tMF\t1\tx\t9\t.5\t1\n",
                [0, 2, 5],
            ),
        ] {
            assert_eq!(
                header(start).columns,
                ScoreColumns::Named(places),
                "{start}"
            );
        }
        for start in [
            "",
            "P1\tGO:0000001\t0.5\t0.6\n",
            "EntryID\tterm\n",
            "AUTHOR x\nMODEL 1\nP1 GO:0000001 0.5\n",
        ] {
            assert_eq!(header(start), Header::default(), "{start}");
        }
        for start in [
            "protein\tterm\tscore\n",
            "protein\tterm\tscore\trank\tpvalue\n",
            "protein\tterm\tconfidence\traw_score\n",
        ] {
            let complete = Header {
                is_complete: true,
                ..Header::default()
            };
            assert_eq!(header(start), complete, "{start}");
        }
        let doubtful = header("protein\tterm\tpvalue\n").doubtful;
        assert_eq!(doubtful.as_deref(), Some("pvalue"));
        let cafaeval = Header::of_start(b"protein\tterm\trank\tscore\n", Reading::Cafaeval);
        assert_eq!(cafaeval, Header::default());
    }
}
