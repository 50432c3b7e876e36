//! Finds the row of a protein by the name that the file gives it.

use std::collections::HashMap;

use super::FormatError;
use crate::{accession, error::excerpt};

/// How the name of a row matches an accession. The rules are tried in this order, for each protein
/// until one of them finds a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NameRule {
    /// The name is the accession.
    Exact,
    /// The accession is in the first word of the name, as in a FASTA header: `P12345` in
    /// `sp|P12345|NAME_HUMAN Some protein`, in `>P12345` and in `sp_P12345_NAME_HUMAN`.
    Accession,
    /// `.`, `/` and `|` are written as `_`, as ProtTrans' `prott5_embedder.py` does: `NP_1_2` for
    /// `NP_1.2`.
    ReplacedCharacters,
    /// Equal without the version: `P12345.2` and `P12345`.
    Version,
    /// Equal without the number of the isoform: `P12345-2` and `P12345`.
    Isoform,
    /// Equal if upper and lower case are not distinguished.
    Case,
    /// The only accession of UniProtKB in the name: `P12345` in `UniProtKB:P12345`,
    /// `AF-P12345-F1-model_v4`, `UniRef50_P12345`, `lcl|P12345` and `P12345.fasta`.
    Contained,
}

impl NameRule {
    /// All rules, in the order in which they are tried.
    pub const ALL: [Self; 7] = [
        Self::Exact,
        Self::Accession,
        Self::ReplacedCharacters,
        Self::Version,
        Self::Isoform,
        Self::Case,
        Self::Contained,
    ];

    /// What the rule compares, for a message.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Exact => "the whole name",
            Self::Accession => "the accession in the name",
            Self::ReplacedCharacters => "the name with '_' for '.', '/' and '|'",
            Self::Version => "the name without its version",
            Self::Isoform => "the name without its isoform",
            Self::Case => "the name in any case",
            Self::Contained => "the accession of UniProtKB within the name",
        }
    }

    /// The part of an accession that the rule compares.
    /// `None` if the rule has nothing to compare.
    fn key(self, name: &str) -> Option<String> {
        if self == Self::Contained {
            return contained(name).map(str::to_owned);
        }
        let accession = accession_of(name)?;
        Some(match self {
            Self::Exact | Self::Accession | Self::Contained => accession.to_owned(),
            Self::ReplacedCharacters => accession.replace(['.', '/', '|'], "_"),
            Self::Version => without_number(accession, '.').to_owned(),
            Self::Isoform => without_number(accession, '-').to_owned(),
            Self::Case => accession.to_lowercase(),
        })
    }
}

/// Removes `.2` or `-2` from the end.
fn without_number(accession: &str, separator: char) -> &str {
    match accession.rsplit_once(separator) {
        Some((start, digits))
            if !start.is_empty()
                && !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            start
        }
        _ => accession,
    }
}

/// The accession of UniProtKB in a name; `None` if it has none, or several.
fn contained(name: &str) -> Option<&str> {
    let mut found = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| accession::is_uniprot(word));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The accession in the name of a row: that of the first word; `None` if the name has none.
fn accession_of(name: &str) -> Option<&str> {
    let word = name.trim_start_matches('>').split_whitespace().next()?;
    // FANTASIA writes '|' as '_'.
    let mut parts = word.splitn(3, '_');
    if let (Some("sp" | "tr"), Some(accession), Some(_)) =
        (parts.next(), parts.next(), parts.next())
        && accession::is_uniprot(accession)
    {
        return Some(accession);
    }
    accession::from_word(word)
}

/// The rows with one key.
#[derive(Debug, Clone, Copy)]
enum Rows {
    One(usize),
    /// The first two.
    Several(usize, usize),
}

/// The names of the rows of a file.
#[derive(Debug)]
pub(super) struct RowNames {
    /// The names as the file has them, in the order of the rows; empty for a separate list.
    names: Vec<String>,
    accessions: HashMap<String, usize>,
    /// The rows by the keys of the rules after [`NameRule::Accession`]; created when a protein is
    /// not found.
    further: Vec<(NameRule, HashMap<String, Rows>)>,
    /// The accession that has taken a row, by row.
    taken: HashMap<usize, String>,
}

/// A row that was found for a protein.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundRow {
    /// The row, from 0.
    pub row: usize,
    /// The rule that found it.
    pub rule: NameRule,
}

impl RowNames {
    /// The names of a separate list, which was made for this set of proteins: only the accession
    /// itself matches.
    pub fn of_list(accessions: HashMap<String, usize>) -> Self {
        Self {
            names: Vec::new(),
            accessions,
            further: Vec::new(),
            taken: HashMap::new(),
        }
    }

    /// The names that a file gives its rows, in the order of the rows.
    pub fn of_file(path: &std::path::Path, names: Vec<String>) -> Result<Self, FormatError> {
        let mut accessions: HashMap<String, usize> = HashMap::with_capacity(names.len());
        for (row, name) in names.iter().enumerate() {
            let Some(accession) = accession_of(name) else {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "the name of row {row}, {}, is not an accession",
                        excerpt(name.as_bytes())
                    ),
                    "name each embedding by its accession",
                ));
            };
            if let Some(first) = accessions.insert(accession.to_owned(), row) {
                return Err(FormatError::matrix(
                    path,
                    format!("rows {first} and {row} both have the accession {accession}"),
                    "keep one of the two",
                ));
            }
        }
        Ok(Self {
            names,
            accessions,
            further: Vec::new(),
            taken: HashMap::new(),
        })
    }

    pub fn len(&self) -> usize {
        self.accessions.len()
    }

    /// The row of each accession.
    pub fn accessions(&self) -> &HashMap<String, usize> {
        &self.accessions
    }

    /// The first names of the file, or of the list.
    pub fn examples(&self, most: usize) -> Vec<String> {
        if !self.names.is_empty() {
            return self.names.iter().take(most).cloned().collect();
        }
        let mut rows: Vec<_> = self.accessions.iter().collect();
        rows.sort_unstable_by_key(|&(_, &row)| row);
        let names = rows.into_iter().take(most);
        names.map(|(name, _)| name.clone()).collect()
    }

    fn name(&self, row: usize) -> String {
        self.names.get(row).cloned().unwrap_or_default()
    }

    /// Finds the row of a protein and marks it as taken.
    ///
    /// Two rows for a protein, or two proteins for a row, are an error.
    pub fn find(
        &mut self,
        path: &std::path::Path,
        accession: &str,
    ) -> Result<Option<FoundRow>, FormatError> {
        let Some(found) = self.lookup(path, accession)? else {
            return Ok(None);
        };
        if self.names.is_empty() {
            return Ok(Some(found));
        }
        if let Some(other) = self.taken.insert(found.row, accession.to_owned())
            && other != accession
        {
            return Err(FormatError::SharedName {
                path: path.to_owned(),
                name: self.name(found.row),
                accessions: [other, accession.to_owned()],
            });
        }
        Ok(Some(found))
    }

    fn lookup(
        &mut self,
        path: &std::path::Path,
        accession: &str,
    ) -> Result<Option<FoundRow>, FormatError> {
        if let Some(&row) = self.accessions.get(accession) {
            let exact = self.names.get(row).is_none_or(|name| name == accession);
            let rule = if exact {
                NameRule::Exact
            } else {
                NameRule::Accession
            };
            return Ok(Some(FoundRow { row, rule }));
        }
        if self.names.is_empty() {
            return Ok(None);
        }
        if self.further.is_empty() {
            self.index_further();
        }
        for (rule, rows) in &self.further {
            let key = rule.key(accession);
            match key.and_then(|key| rows.get(&key)) {
                None => {}
                Some(&Rows::One(row)) => return Ok(Some(FoundRow { row, rule: *rule })),
                Some(&Rows::Several(first, second)) => {
                    return Err(FormatError::AmbiguousName {
                        path: path.to_owned(),
                        accession: accession.to_owned(),
                        names: [self.name(first), self.name(second)],
                        rule: rule.describe(),
                    });
                }
            }
        }
        Ok(None)
    }

    fn index_further(&mut self) {
        for rule in NameRule::ALL {
            if rule <= NameRule::Accession {
                continue;
            }
            let mut rows: HashMap<String, Rows> = HashMap::with_capacity(self.accessions.len());
            for (row, name) in self.names.iter().enumerate() {
                let Some(key) = rule.key(name) else {
                    continue;
                };
                rows.entry(key)
                    .and_modify(|found| {
                        if let Rows::One(first) = *found {
                            *found = Rows::Several(first, row);
                        }
                    })
                    .or_insert(Rows::One(row));
            }
            self.further.push((rule, rows));
        }
    }
}
