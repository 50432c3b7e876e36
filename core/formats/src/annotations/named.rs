//! Annotations in tables whose header names the columns: gene2go of NCBI, QuickGO, UniProt.

use jiff::civil::Date;
use protea_ontology::{Aspect, spelling::trim_invisible};

use super::{
    evidence,
    gaf_gpad::{date, object},
    row::{AnnotationRow, Parsed, Problem, field, usable_accession, usable_term},
};
use crate::{accession, error::excerpt};

const REMEDY: &str = "download the table again, or give GAF";

/// Numbers of the columns, from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::annotations) struct Columns {
    accession: usize,
    term: usize,
    database: Option<usize>,
    aspect: Option<usize>,
    evidence: Option<usize>,
    eco: Option<usize>,
    qualifier: Option<usize>,
    taxon: Option<usize>,
    date: Option<usize>,
    /// Whether proteins are GeneIDs of NCBI.
    genes: bool,
    /// Whether the term column may have several terms, with names and separators between them.
    several_terms: bool,
}

impl Columns {
    /// The columns of a header line; `None` if it is none of these tables.
    pub fn of_header(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let names: Vec<&str> = line
            .trim_start_matches('#')
            .split('\t')
            .map(trim_invisible)
            .collect();
        if names.len() < 2 {
            return None;
        }
        let find = |wanted: &[&str]| {
            names.iter().position(|name| {
                wanted
                    .iter()
                    .any(|wanted| name.eq_ignore_ascii_case(wanted))
            })
        };
        let several = |name: &&str| name.starts_with("Gene Ontology");
        let (accession, term, several_terms) = if let (Some(gene), Some(term)) =
            (find(&["GeneID"]), find(&["GO_ID"]))
        {
            (gene, term, false)
        } else if let (Some(gene), Some(term)) = (find(&["GENE PRODUCT ID"]), find(&["GO TERM"])) {
            (gene, term, false)
        } else if let Some(entry) = find(&["Entry"]).filter(|_| names.iter().any(|n| several(&n))) {
            let term = find(&["Gene Ontology IDs", "Gene Ontology (GO)"])
                .or_else(|| names.iter().position(|name| several(&name)))?;
            (entry, term, true)
        } else {
            return None;
        };
        Some(Self {
            accession,
            term,
            database: find(&["GENE PRODUCT DB"]),
            aspect: find(&["Category", "GO ASPECT"]),
            evidence: find(&["Evidence", "GO EVIDENCE CODE"]),
            eco: find(&["ECO ID"]),
            qualifier: find(&["Qualifier"]),
            taxon: find(&["tax_id", "TAXON ID"]),
            date: find(&["DATE"]),
            genes: find(&["GeneID"]).is_some(),
            several_terms,
        })
    }

    pub fn names_genes(&self) -> bool {
        self.genes
    }

    /// Number of columns that a row needs.
    fn least(&self) -> usize {
        self.accession.max(self.term) + 1
    }
}

/// The word of the accession column of a row, if the row has one.
pub(super) fn accession_word<'a>(line: &'a [u8], columns: &Columns) -> Option<&'a [u8]> {
    line.split(|&b| b == b'\t').nth(columns.accession)
}

pub(super) fn row<'a>(line: &'a [u8], columns: &Columns) -> Result<Parsed<'a>, Problem> {
    let fields: Vec<&[u8]> = line.split(|&b| b == b'\t').collect();
    if fields.len() < columns.least() {
        return Err(Problem::new(
            format!(
                "{} has {} columns, not {} or more",
                excerpt(line),
                fields.len(),
                columns.least()
            ),
            REMEDY,
        ));
    }
    let text = |column: usize| field(fields[column], column + 1, REMEDY);
    let optional = |column: Option<usize>| match column {
        Some(column) if column < fields.len() => {
            text(column).map(|text| Some(text).filter(|t| !t.is_empty() && *t != "-"))
        }
        _ => Ok(None),
    };
    let database = optional(columns.database)?.unwrap_or("UniProtKB");
    let (entry, isoform) = object(database, text(columns.accession)?);
    let cell = text(columns.term)?;
    let (term, more_terms) = if columns.several_terms {
        match next_term(cell) {
            Some((term, more)) => (term, Some(more)),
            // Proteins without annotations are rows too.
            None => ("", None),
        }
    } else {
        (usable_term(cell, REMEDY)?, None)
    };
    let aspect = optional(columns.aspect)?.map(|text| match text {
        "Function" => Ok(Aspect::Mfo),
        "Process" => Ok(Aspect::Bpo),
        "Component" => Ok(Aspect::Cco),
        other => other.parse::<Aspect>().map_err(|_| {
            Problem::new(
                format!("{} is not an aspect", excerpt(other.as_bytes())),
                REMEDY,
            )
        }),
    });
    let evidence = match optional(columns.evidence)? {
        Some(code) => Some(code),
        None => optional(columns.eco)?.map(evidence::from_eco),
    };
    let negated = optional(columns.qualifier)?.is_some_and(|qualifier| {
        qualifier
            .split(|c: char| c == '|' || c.is_whitespace())
            .any(|word| word.eq_ignore_ascii_case("NOT"))
    });
    let mut parsed = Parsed::from(AnnotationRow {
        accession: usable_accession(entry, REMEDY)?,
        isoform,
        term,
        aspect: aspect.transpose()?,
        evidence: evidence.filter(|code| code.len() <= 16),
        taxon: None,
        date: None,
        negated,
    });
    parsed.more_terms = more_terms;
    if let Some(taxon) = optional(columns.taxon)? {
        parsed.row.taxon = accession::parse_taxon(taxon);
        if parsed.row.taxon.is_none() {
            parsed.taxon = Some(Problem::new(
                format!("{} is not a taxon", excerpt(taxon.as_bytes())),
                REMEDY,
            ));
        }
    }
    if let Some(text) = optional(columns.date)? {
        let found: Result<Option<Date>, ()> = date(text);
        parsed.row.date = found.unwrap_or(None);
        if found.is_err() {
            parsed.date = Some(Problem::new(
                format!("{} is not a date", excerpt(text.as_bytes())),
                REMEDY,
            ));
        }
    }
    Ok(parsed)
}

/// The first term of a cell such as `GO:0005515; GO:0008150` or `binding [GO:0005488]; …`, and what
/// is behind it.
pub(super) fn next_term(cell: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = cell[from..].find("GO:").map(|at| from + at) {
        let digits = cell.as_bytes()[at + 3..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let end = at + 3 + digits;
        if digits == 7 {
            return Some((&cell[at..end], &cell[end..]));
        }
        from = end;
    }
    None
}
