//! The formats of annotations, and the columns of tables that name them.

use protea_ontology::spelling::trim_invisible;

use crate::lines::unquoted;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layout {
    Table,
    Gaf,
    /// GPAD 1.1 and 1.2: database and identifier are two columns.
    GpadOne,
    /// GPAD 2.0: database and identifier are one column.
    GpadTwo,
    /// A table whose header names its columns.
    Named(Columns),
}

/// Numbers of the columns, from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Columns {
    pub(super) accession: usize,
    pub(super) term: usize,
    /// Columns with more terms: UniProt has one for each aspect.
    pub(super) further_terms: Vec<usize>,
    pub(super) database: Option<usize>,
    pub(super) aspect: Option<usize>,
    pub(super) evidence: Option<usize>,
    pub(super) eco: Option<usize>,
    pub(super) qualifier: Option<usize>,
    pub(super) taxon: Option<usize>,
    pub(super) date: Option<usize>,
    /// Whether proteins are GeneIDs of NCBI.
    genes: bool,
    /// Whether the term column may have several terms, with names and separators between them.
    pub(super) several_terms: bool,
    /// Whether a header names the columns. Otherwise their places are fixed.
    pub(super) has_header: bool,
}

/// Usual names of a column of accessions, the more specific first.
const ACCESSIONS: [&str; 21] = [
    "EntryID",
    "Entry ID",
    "Entry",
    "accession",
    "uniprot_id",
    "uniprot",
    "UniProtKB/Swiss-Prot ID",
    "UniProtKB/TrEMBL ID",
    "protein_id",
    "protein id",
    "protein",
    "proteins",
    "Protein stable ID",
    "target_id",
    "target",
    "query",
    "query_name",
    "Gene stable ID",
    "Transcript stable ID",
    "SeqName",
    "Sequence Name",
];
/// Usual names of a column of terms.
const TERMS: [&str; 12] = [
    "term",
    "term_id",
    "terms",
    "GOs",
    "GO_ID",
    "GO ID",
    "GO IDs",
    "GO_term",
    "GO term",
    "GO_terms",
    "GO terms",
    "GO term accession",
];
/// Names of the third column of a table of CAFA, in lower case.
const ASPECTS: [&str; 4] = ["aspect", "ontology", "namespace", "category"];
/// Names of a column that says that a table has predictions.
const SCORES: [&str; 5] = ["score", "confidence", "probability", "prob", "prediction"];

/// Whether a column of a table of UniProt has terms. Until 2022 it wrote `Gene ontology IDs`.
pub(crate) fn names_terms_of_uniprot(column: &str) -> bool {
    const PREFIX: &str = "Gene Ontology";
    let start = column.get(..PREFIX.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

impl Columns {
    /// The columns of a header line; `None` if it is none of these tables.
    pub fn of_header(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let names: Vec<&str> = line
            .trim_start_matches('#')
            .split('\t')
            .map(trim_invisible)
            .map(unquoted)
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
        let several = |name: &&str| names_terms_of_uniprot(name);
        let mut further_terms = Vec::new();
        let (accession, term, several_terms) = if let (Some(gene), Some(term)) =
            (find(&["GeneID"]), find(&["GO_ID"]))
        {
            (gene, term, false)
        } else if let (Some(gene), Some(term)) = (find(&["GENE PRODUCT ID"]), find(&["GO TERM"])) {
            (gene, term, false)
        } else if let Some(entry) = find(&["Entry"]).filter(|_| names.iter().any(&several)) {
            let all = find(&["Gene Ontology IDs", "Gene Ontology (GO)"]);
            let each = (0..names.len()).filter(|&at| several(&names[at]));
            further_terms = each.filter(|_| all.is_none()).collect();
            let first = if further_terms.is_empty() {
                all
            } else {
                Some(further_terms.remove(0))
            };
            (entry, first?, true)
        } else {
            let first = |wanted: &[&str]| wanted.iter().find_map(|name| find(&[*name]));
            let (accession, term) = (first(&ACCESSIONS)?, first(&TERMS)?);
            // The table of CAFA has these columns first, and a reader that is faster. eggNOG-mapper
            // has the score of an alignment.
            // The terms of OmicsBox have the letters of their aspects.
            let plain = (accession, term) == (0, 1)
                && find(&["GO IDs"]).is_none()
                && (names.len() == 2
                    || names.len() == 3 && (ASPECTS.contains(&names[2].to_lowercase().as_str())));
            let is_prediction = find(&SCORES).is_some() && find(&["GOs"]).is_none();
            if plain || is_prediction {
                return None;
            }
            (accession, term, true)
        };
        Some(Self {
            accession,
            term,
            further_terms,
            database: find(&["GENE PRODUCT DB"]),
            aspect: find(&["Category", "GO ASPECT", "aspect", "namespace", "GO domain"]),
            evidence: find(&[
                "Evidence",
                "GO EVIDENCE CODE",
                "evidence_code",
                "GO term evidence code",
            ]),
            eco: find(&["ECO ID"]),
            qualifier: find(&["Qualifier"]),
            taxon: find(&["tax_id", "TAXON ID"]),
            date: find(&["DATE"]),
            genes: find(&["GeneID"]).is_some(),
            several_terms,
            has_header: true,
        })
    }

    /// The columns of a table without a header, by a row of it: InterProScan's TSV and
    /// `idmapping_selected.tab` of UniProt. `None` for any other table.
    pub fn of_row(line: &[u8]) -> Option<Self> {
        let fields: Vec<&[u8]> = line.split(|&b| b == b'\t').collect();
        let digits = |at: usize| {
            let field = fields[at].trim_ascii();
            !field.is_empty() && field.iter().all(u8::is_ascii_digit)
        };
        let at = |accession, term, taxon| Self {
            accession,
            term,
            taxon,
            several_terms: true,
            ..Self::default()
        };
        // The second column of InterProScan is the MD5 sum of the sequence.
        let is_interproscan = (11..=15).contains(&fields.len())
            && fields[1].len() == 32
            && fields[1].iter().all(u8::is_ascii_hexdigit)
            && digits(2)
            && digits(6)
            && digits(7);
        let is_idmapping = (21..=23).contains(&fields.len())
            && fields[1].contains(&b'_')
            && digits(12)
            && (fields[6].is_empty() || fields[6].starts_with(b"GO:"));
        if is_interproscan {
            Some(at(0, 13, None))
        } else if is_idmapping {
            Some(at(0, 6, Some(12)))
        } else {
            None
        }
    }

    pub fn names_genes(&self) -> bool {
        self.genes
    }

    /// Number of columns that a row needs. InterProScan leaves out the last columns of a row if they
    /// are empty.
    pub fn least(&self) -> usize {
        if self.has_header {
            let last = self.further_terms.last().copied().unwrap_or(self.term);
            self.accession.max(last) + 1
        } else {
            self.accession + 1
        }
    }
}
