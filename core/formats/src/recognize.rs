//! Recognises what a file is by its content: for messages, and for the choice of a reader.
//!
//! It must not read whole files. It sees the first lines only, so it says what a file looks like;
//! the reader of the format decides whether it is valid.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use protea_ontology::{
    Aspect,
    compressed::{Compression, open_decompressed},
    foreign::Foreign,
    spelling,
};

use super::{FormatError, accession};

/// Bytes that are read, after decompression.
const START_BYTES: u64 = 64 << 10;
/// Rows that are looked at.
const ROWS: usize = 200;

/// What a file is, by its first lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Content {
    /// Not text: an archive, a web page, a binary format.
    Foreign(Foreign),
    /// Nothing, or blank lines only.
    Empty,
    /// Protein sequences in FASTA.
    Fasta,
    /// An ontology in OBO.
    Obo,
    /// An ontology in OBO Graphs JSON.
    OboGraphs,
    /// Another JSON document.
    Json,
    /// Annotations in GAF.
    Gaf,
    /// Annotations in GPAD 1.
    GpadOne,
    /// Annotations in GPAD 2.
    GpadTwo,
    /// The table `gene2go` of NCBI.
    Gene2Go,
    /// A table of annotations downloaded from QuickGO.
    QuickGo,
    /// A table downloaded from UniProt, with a column of terms.
    UniProtTable,
    /// The clusters of CD-HIT, `.clstr`.
    CdHit,
    /// Annotations: accession, term and perhaps aspect. A ground truth has this form too.
    Annotations,
    /// Predictions: accession, term, score.
    Predictions,
    /// Information accretion: term, number.
    InformationAccretion,
    /// Taxa of proteins: accession, number.
    Taxa,
    /// One term a line.
    Terms,
    /// One accession a line.
    Accessions,
    /// Two columns of names, as for clusters: protein and cluster.
    Pairs,
    /// Numbers in every row behind the first column, as for embeddings.
    Vectors,
    /// A table of another form.
    Table,
    /// Text that is not a table.
    Text,
}

impl Content {
    /// What the file is, with an article.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Foreign(foreign) => foreign.description(),
            Self::Empty => "empty",
            Self::Fasta => "sequences in FASTA",
            Self::Obo => "an ontology in OBO",
            Self::OboGraphs => "an ontology in OBO Graphs JSON",
            Self::Json => "a JSON document",
            Self::Gaf => "annotations in GAF",
            Self::GpadOne => "annotations in GPAD 1",
            Self::GpadTwo => "annotations in GPAD 2",
            Self::Gene2Go => "the table gene2go of NCBI",
            Self::QuickGo => "a table of annotations from QuickGO",
            Self::UniProtTable => "a table from UniProt",
            Self::CdHit => "clusters of CD-HIT",
            Self::Annotations => "a table of annotations (accession, term)",
            Self::Predictions => "a table of predictions (accession, term, score)",
            Self::InformationAccretion => "a table of information accretion (term, number)",
            Self::Taxa => "a table of taxa (accession, number)",
            Self::Terms => "a list of terms",
            Self::Accessions => "a list of accessions",
            Self::Pairs => "a table of two columns of names",
            Self::Vectors => "a table of numbers",
            Self::Table => "a table",
            Self::Text => "text that is not a table",
        }
    }
}

/// How the columns of a table are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Separator {
    /// Tabs: the separator of every table that protea reads.
    Tab,
    /// Commas, perhaps with quoted fields.
    Comma,
    /// Semicolons, as spreadsheets write them in countries with a decimal comma.
    Semicolon,
    /// Blanks.
    Blank,
}

impl Separator {
    /// The name for messages: `tabs`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tab => "tabs",
            Self::Comma => "commas",
            Self::Semicolon => "semicolons",
            Self::Blank => "blanks",
        }
    }
}

/// What is known of a file from its first lines.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognized {
    /// The compression of the file.
    pub compression: Option<Compression>,
    /// What the file is, after decompression.
    pub content: Content,
    /// The separator of the columns, if the content is a table.
    pub separator: Option<Separator>,
    /// The fields of the header line, if the table has one.
    pub header: Option<Vec<String>>,
    /// Whether the file starts with a byte-order mark.
    pub byte_order_mark: bool,
    /// Whether the first lines are UTF-8.
    pub utf8: bool,
}

/// Recognises a file by its content. gzip and Zstandard are decompressed for it.
///
/// # Errors
///
/// [`FormatError::Read`] if the file cannot be opened or decompressed, [`FormatError::NotBuilt`] for
/// Zstandard in a build without it.
pub fn recognize_file(path: &Path) -> Result<Recognized, FormatError> {
    let unreadable = FormatError::unreadable(path);
    let mut magic = Vec::new();
    let file = File::open(path).map_err(&unreadable)?;
    // A pipe can be read only once, so its compression stays unknown.
    if file.metadata().map_err(&unreadable)?.is_file() {
        file.take(8).read_to_end(&mut magic).map_err(&unreadable)?;
    }
    let mut start = Vec::new();
    let read =
        open_decompressed(path).and_then(|reader| reader.take(START_BYTES).read_to_end(&mut start));
    match read {
        Ok(_) => {}
        // The beginning of a file that is cut off still tells what it is.
        Err(error) if !start.is_empty() && error.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(unreadable(error)),
    }
    let cut = start.len() as u64 == START_BYTES;
    Ok(Recognized {
        compression: Compression::recognize(&magic),
        ..recognize_start(&start, cut)
    })
}

/// Recognises a file by its first bytes, which are not compressed.
#[must_use]
pub fn recognize(start: &[u8]) -> Recognized {
    recognize_start(start, false)
}

fn recognize_start(start: &[u8], cut: bool) -> Recognized {
    let mut recognized = Recognized {
        compression: None,
        content: Content::Empty,
        separator: None,
        header: None,
        byte_order_mark: false,
        utf8: true,
    };
    if let Some(foreign) = Foreign::recognize(start) {
        recognized.content = Content::Foreign(foreign);
        return recognized;
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf");
    recognized.byte_order_mark = text.is_some();
    let text = text.unwrap_or(start);
    recognized.utf8 = match std::str::from_utf8(text) {
        Ok(_) => true,
        Err(error) => cut && error.error_len().is_none(),
    };
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<&str> = text
        .split(['\n', '\r'])
        .map(|line| line.trim_end_matches('\u{1a}'))
        .filter(|line| !line.trim().is_empty())
        .collect();
    // The last line may be cut.
    if cut && lines.len() > 1 {
        lines.pop();
    }
    if let Some(content) = by_first_lines(&lines) {
        recognized.content = content;
        return recognized;
    }
    by_columns(&lines, &mut recognized);
    recognized
}

/// The formats that a beginning of a line gives away.
fn by_first_lines(lines: &[&str]) -> Option<Content> {
    let Some(first) = lines.first() else {
        return Some(Content::Empty);
    };
    let trimmed = first.trim_start();
    if trimmed.starts_with(">Cluster ") {
        return Some(Content::CdHit);
    }
    if trimmed.starts_with('>') {
        return Some(Content::Fasta);
    }
    if trimmed.starts_with('{') || trimmed.starts_with('[') && !trimmed.starts_with("[Term]") {
        let graphs = lines
            .iter()
            .take(ROWS)
            .any(|line| line.contains("\"graphs\""));
        return Some(if graphs {
            Content::OboGraphs
        } else {
            Content::Json
        });
    }
    if trimmed.starts_with(';') && lines.iter().any(|line| line.starts_with('>')) {
        return Some(Content::Fasta);
    }
    for line in lines.iter().take(ROWS) {
        let line = line.trim();
        if line == "[Term]" || line.starts_with("format-version:") {
            return Some(Content::Obo);
        }
        if let Some(comment) = line.strip_prefix('!') {
            let version = |key: &str| {
                Some(
                    comment
                        .trim()
                        .strip_prefix(key)?
                        .trim_start_matches([':', ' ']),
                )
            };
            if version("gaf-version").is_some() {
                return Some(Content::Gaf);
            }
            if let Some(version) = version("gpa-version").or_else(|| version("gpad-version")) {
                let two = version.starts_with('2');
                return Some(if two {
                    Content::GpadTwo
                } else {
                    Content::GpadOne
                });
            }
        } else if !line.starts_with('#') {
            break;
        }
    }
    None
}

fn by_columns(lines: &[&str], recognized: &mut Recognized) {
    let is_comment = |line: &&&str| line.starts_with('#') || line.starts_with('!');
    let first_comment = lines
        .iter()
        .find(is_comment)
        .map(|line| line.trim_start_matches('#'));
    let rows: Vec<&str> = lines
        .iter()
        .filter(|line| !is_comment(line))
        .take(ROWS)
        .copied()
        .collect();
    let Some(&first) = rows.first().or(first_comment.as_ref()) else {
        recognized.content = Content::Empty;
        return;
    };
    let separator = separator(first, &rows);
    let fields = |line: &str| split(line, separator);
    let known = |names: &[&str], fields: &[String]| {
        names.iter().all(|name| {
            fields
                .iter()
                .any(|field| field.trim().eq_ignore_ascii_case(name))
        })
    };
    let heading = first_comment.map(&fields).unwrap_or_default();
    let first_fields = fields(first);
    recognized.separator = Some(separator);
    if known(&["GeneID", "GO_ID"], &heading) || known(&["GeneID", "GO_ID"], &first_fields) {
        recognized.content = Content::Gene2Go;
        return;
    }
    if known(&["GENE PRODUCT ID", "GO TERM"], &first_fields) {
        recognized.content = Content::QuickGo;
        return;
    }
    if first_fields.len() > 1
        && first_fields[0].eq_ignore_ascii_case("Entry")
        && first_fields
            .iter()
            .any(|field| field.starts_with("Gene Ontology"))
    {
        recognized.content = Content::UniProtTable;
        return;
    }
    let mut table: Vec<Vec<String>> = rows.iter().map(|row| fields(row)).collect();
    let content = form(&table[table.len().min(1)..]);
    if table.len() > 1 && is_heading(&table[0], &table[1]) {
        recognized.header = Some(table.remove(0));
    }
    recognized.content = match content {
        Some(content) => content,
        None => form(&table).unwrap_or(Content::Text),
    };
    if matches!(
        recognized.content,
        Content::Text | Content::Accessions | Content::Terms
    ) {
        recognized.separator = None;
    }
}

/// The separator that cuts every row into the same number of columns, tabs before others.
fn separator(first: &str, rows: &[&str]) -> Separator {
    let even = |separator: Separator| {
        let columns = split(first, separator).len();
        columns > 1
            && rows
                .iter()
                .all(|row| split(row, separator).len() == columns)
    };
    if rows.iter().any(|row| row.contains('\t')) || first.contains('\t') {
        Separator::Tab
    } else if even(Separator::Comma) {
        Separator::Comma
    } else if even(Separator::Semicolon) {
        Separator::Semicolon
    } else {
        Separator::Blank
    }
}

/// Splits a row. Fields in quotes may contain the separator.
fn split(line: &str, separator: Separator) -> Vec<String> {
    let by = match separator {
        Separator::Tab => return line.split('\t').map(unquoted).collect(),
        Separator::Blank => return line.split_whitespace().map(str::to_owned).collect(),
        Separator::Comma => ',',
        Separator::Semicolon => ';',
    };
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            _ if letter == by && !quoted => fields.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    fields.push(field);
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

fn unquoted(field: &str) -> String {
    let field = field.trim();
    let inner = field
        .strip_prefix('"')
        .and_then(|field| field.strip_suffix('"'));
    inner.unwrap_or(field).to_owned()
}

/// Whether the first row names the columns: none of its fields is a term or a number, while the
/// second row has one, or its names are usual ones.
fn is_heading(first: &[String], second: &[String]) -> bool {
    const USUAL: [&str; 14] = [
        "entryid",
        "entry",
        "entry_id",
        "target",
        "target_id",
        "protein",
        "protein_id",
        "accession",
        "id",
        "term",
        "term_id",
        "go_id",
        "go term",
        "representative",
    ];
    let value = |field: &String| is_term(field) || is_number(field);
    if first
        .iter()
        .any(|field| is_term(field) || (is_number(field) && !field.is_empty()))
    {
        return false;
    }
    second.iter().any(value)
        || first
            .iter()
            .any(|field| USUAL.contains(&field.to_ascii_lowercase().as_str()))
}

fn is_term(field: &str) -> bool {
    spelling::canonical(field).is_some() && !field.bytes().all(|b| b.is_ascii_digit())
}

fn is_number(field: &str) -> bool {
    fast_float2::parse::<f64, _>(field).is_ok()
}

/// What rows without a header are: what most of them look like.
fn form(rows: &[Vec<String>]) -> Option<Content> {
    let most = |test: &dyn Fn(&[String]) -> bool| {
        let count = rows.iter().filter(|row| test(row)).count();
        count > 0 && count * 10 >= rows.len() * 9
    };
    let columns = |row: &[String], numbers: &[usize]| numbers.contains(&row.len());
    let aspect = |field: &String| field.parse::<Aspect>().is_ok();
    let tests: [(Content, &dyn Fn(&[String]) -> bool); 12] = [
        (Content::Gaf, &|row| {
            row.len() >= 15 && is_term(&row[4]) && row[12].to_ascii_lowercase().contains("taxon:")
        }),
        (Content::GpadTwo, &|row| {
            columns(row, &[10, 11, 12]) && row[5].starts_with("ECO:") && row[0].contains(':')
        }),
        (Content::GpadOne, &|row| {
            columns(row, &[10, 11, 12]) && row[5].starts_with("ECO:")
        }),
        (Content::Predictions, &|row| {
            row.len() >= 3 && is_term(&row[1]) && is_number(&row[2])
        }),
        (Content::Annotations, &|row| {
            columns(row, &[2, 3])
                && is_term(&row[1])
                && row
                    .get(2)
                    .is_none_or(|field| field.is_empty() || aspect(field))
        }),
        (Content::InformationAccretion, &|row| {
            row.len() == 2 && is_term(&row[0]) && is_number(&row[1])
        }),
        (Content::Taxa, &|row| {
            row.len() == 2 && !is_number(&row[0]) && accession::parse_taxon(&row[1]).is_some()
        }),
        (Content::Terms, &|row| row.len() == 1 && is_term(&row[0])),
        (Content::Vectors, &|row| {
            row.len() > 2 && row[1..].iter().all(|field| is_number(field))
        }),
        (Content::Accessions, &|row| {
            row.len() == 1 && accession::from_word(&row[0]).is_some()
        }),
        (Content::Pairs, &|row| {
            row.len() == 2 && row.iter().all(|field| !field.is_empty())
        }),
        (Content::Table, &|row| row.len() > 2),
    ];
    tests
        .into_iter()
        .find(|(_, test)| most(test))
        .map(|(content, _)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
