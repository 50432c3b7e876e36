//! Recognises what a file is by its content: for messages, and for the choice of a reader.
//!
//! It must not read whole files. It sees the first lines only, so it says what a file looks like;
//! the reader of the format decides whether it is valid.

mod columns;
mod taxonomy;

use std::{
    io::{self, Read},
    path::Path,
};

use protea_ontology::{
    compressed::{Compression, open_decompressed, open_input},
    foreign::Foreign,
};

use super::FormatError;

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
    /// Another table with a column of accessions and a column of terms, such as those of
    /// eggNOG-mapper, BioMart and InterProScan.
    AnnotationTable,
    /// The clusters of CD-HIT, `.clstr`.
    CdHit,
    /// Annotations: accession, term and perhaps aspect. A ground truth has this form too.
    Annotations,
    /// Predictions: accession, term, score.
    Predictions,
    /// A matrix with a column for each term, as scores or labels of proteins.
    TermColumns,
    /// Information accretion: term, number.
    InformationAccretion,
    /// Taxa of proteins: accession, number.
    Taxa,
    /// Lineages of taxa: `nodes.dmp` of NCBI, or taxon, parent and perhaps rank.
    Lineages,
    /// Names of taxa: `names.dmp` of NCBI.
    TaxonNames,
    /// Taxa that were merged into others: `merged.dmp` of NCBI.
    MergedTaxa,
    /// Taxa that were deleted: `delnodes.dmp` of NCBI.
    DeletedTaxa,
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
            Self::AnnotationTable => "a table with a column of accessions and a column of terms",
            Self::CdHit => "clusters of CD-HIT",
            Self::Annotations => "a table of annotations (accession, term)",
            Self::Predictions => "a table of predictions (accession, term, score)",
            Self::TermColumns => "a matrix with a column for each term",
            Self::InformationAccretion => "a table of information accretion (term, number)",
            Self::Taxa => "a table of taxa (accession, number)",
            Self::Lineages => "lineages of taxa (taxon, parent)",
            Self::TaxonNames => "names of taxa of NCBI's taxonomy (names.dmp)",
            Self::MergedTaxa => "merged taxa of NCBI's taxonomy (merged.dmp)",
            Self::DeletedTaxa => "deleted taxa of NCBI's taxonomy (delnodes.dmp)",
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
    let file = open_input(path).map_err(&unreadable)?;
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
    columns::recognize(&lines, &mut recognized);
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
    if let Some(content) = taxonomy::dump(lines) {
        return Some(content);
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
