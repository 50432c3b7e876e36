//! The formats of annotations, and the columns of tables that name them.

use protea_ontology::spelling::trim_invisible;

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
        } else if let Some(entry) = find(&["Entry"]).filter(|_| names.iter().any(&several)) {
            let term = find(&["Gene Ontology IDs", "Gene Ontology (GO)"])
                .or_else(|| names.iter().position(several))?;
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
    pub fn least(&self) -> usize {
        self.accession.max(self.term) + 1
    }
}
