//! Finds the accession and the taxon in a row of a table.

use super::not_a_row;
use crate::{
    FormatError,
    lines::{Lines, fields, unquoted},
};

/// Names of a column of accessions, in lower case and only with letters and digits.
const ACCESSIONS: [&str; 10] = [
    "entry",
    "entryid",
    "accession",
    "uniprotid",
    "uniprot",
    "protein",
    "proteinid",
    "proteinaccession",
    "target",
    "id",
];
/// Names of a column of taxa.
const TAXA: [&str; 10] = [
    "taxid",
    "taxon",
    "taxonid",
    "taxonomyid",
    "taxonomy",
    "organismid",
    "ncbitaxid",
    "ncbitaxonid",
    "ncbitaxonomyid",
    "speciestaxid",
];
/// The kind of identifier of a taxon in `idmapping.dat`, and of the first row of each entry.
const TAXON: &str = "NCBI_TaxID";
const ENTRY_NAME: &str = "UniProtKB-ID";

/// Where the accession and the taxon are.
pub(super) enum TaxonLayout {
    /// The only columns.
    TwoColumns,
    /// Columns that a header names, counted from 0.
    Named([usize; 2]),
    /// `idmapping.dat` of UniProt: accession, kind of identifier, identifier.
    IdMapping,
}

impl TaxonLayout {
    /// Detects the layout from the first line.
    pub fn detect(line: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(line) else {
            return Self::TwoColumns;
        };
        let cells: Vec<&str> = cells(text).collect();
        if cells.len() == 3 && [TAXON, ENTRY_NAME].contains(&cells[1]) {
            return Self::IdMapping;
        }
        let find = |names: &[&str]| {
            cells.iter().position(|cell| {
                let key: String = cell.chars().filter(|c| c.is_alphanumeric()).collect();
                names.contains(&key.to_lowercase().as_str())
            })
        };
        match (find(&ACCESSIONS), find(&TAXA)) {
            (Some(accession), Some(taxon)) if cells.len() > 2 || accession > taxon => {
                Self::Named([accession, taxon])
            }
            _ => Self::TwoColumns,
        }
    }

    /// The accession and the taxon of the current row; `None` for a row about something else.
    pub fn fields<'l>(&self, lines: &'l Lines) -> Result<Option<[&'l str; 2]>, FormatError> {
        let text = lines.text()?;
        match self {
            Self::TwoColumns => {
                let mut words = fields(text);
                match (words.next(), words.next(), words.next()) {
                    (Some(word), Some(taxon), None) => Ok(Some([word, taxon])),
                    // The field after the tab is blank.
                    (Some(word), None, None) if text.contains('\t') => Ok(Some([word, ""])),
                    _ => Err(not_a_row(lines)),
                }
            }
            Self::Named(places) => match places.map(|place| cells(text).nth(place)) {
                [Some(accession), Some(taxon)] => Ok(Some([accession, taxon])),
                _ => Err(not_a_row(lines)),
            },
            Self::IdMapping => {
                let mut cells = cells(text);
                match [cells.next(), cells.next(), cells.next(), cells.next()] {
                    [Some(word), Some(TAXON), Some(taxon), None] => Ok(Some([word, taxon])),
                    [Some(_), Some(_), Some(_), None] => Ok(None),
                    _ => Err(not_a_row(lines)),
                }
            }
        }
    }

    /// The accession of a row that may be damaged.
    pub fn accession<'l>(&self, line: &'l [u8]) -> Option<&'l str> {
        let text = std::str::from_utf8(line).ok()?;
        match self {
            Self::Named([accession, _]) => cells(text).nth(*accession),
            _ => fields(text).next(),
        }
    }
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split('\t').map(|cell| unquoted(cell.trim()))
}
