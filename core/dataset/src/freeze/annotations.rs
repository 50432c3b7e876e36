//! Writes `annotations.arrow`.
//!
//! All rows are held in memory while they are sorted, 16 bytes each: the index of the protein and
//! numbers for term and evidence. Sorting makes the output independent of the order of the input.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use arrow_array::builder::StringBuilder;
use arrow_schema::{DataType, Field, Schema};
use protea_formats::{AnnotationReader, AnnotationRow, Defects, Skipped, Wanted};
use protea_ontology::{Aspect, Ontology};
use rayon::slice::ParallelSliceMut;

use super::{
    FreezeProgress, FreezeRequest, FreezeStep, Tally, Watch, arrow_write::TableWriter,
    negated::contradicted, obsolete::described, other_names::OtherNames, report_progress,
    string_numbers::StringNumbers,
};
use crate::DatasetError;

const BATCH_ROWS: usize = 65_536;
/// Number of rows between two reports of progress.
const REPORT_EVERY: u64 = 65_536;

/// The annotations of the proteins of the dataset.
#[derive(Default)]
pub(super) struct Annotations {
    rows: Vec<Row>,
    /// Rows with the qualifier `NOT`.
    negated: Vec<Row>,
    terms: StringNumbers,
    evidence: StringNumbers,
    pub(super) read: u64,
    pub(super) without_sequence: Tally,
    pub(super) unknown_terms: Tally,
    pub(super) other_aspect: Tally,
    pub(super) other_evidence: u64,
    pub(super) repeated: u64,
    pub(super) skipped: Skipped,
    pub(super) contradicted: Tally,
    pub(super) obsolete_terms: Tally,
    pub(super) mapped_terms: Tally,
    pub(super) respelled_terms: Tally,
    pub(super) respelled_accessions: Tally,
    pub(super) damaged_rows: Defects,
    pub(super) damaged_fields: Defects,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    protein: u32,
    term: u32,
    /// 0 for none, otherwise the number of the code plus 1.
    evidence: u32,
    aspect: Option<Aspect>,
}

/// The first accessions of the FASTA file.
fn first_proteins(index: &HashMap<String, u32>) -> Vec<String> {
    let mut first: Vec<_> = index.iter().filter(|&(_, &row)| row < 3).collect();
    first.sort_unstable_by_key(|&(_, &row)| row);
    first
        .into_iter()
        .map(|(accession, _)| accession.clone())
        .collect()
}

impl Annotations {
    /// Reads the annotations of the proteins in `index` with terms of `ontology`. Without a file of
    /// annotations there are none.
    pub(super) fn read(
        request: &FreezeRequest,
        index: &HashMap<String, u32>,
        ontology: &Ontology,
        progress: &mut Watch<'_>,
    ) -> Result<Self, DatasetError> {
        let mut this = Self::default();
        let Some(path) = &request.annotations else {
            return Ok(this);
        };
        let mut reader = AnnotationReader::open(path)?;
        let others = OtherNames::new(index);
        let wanted = Wanted {
            protein: &|accession| others.find(index, accession).is_some(),
            taxa: false,
            dates: false,
            negated: true,
            on_defect: request.on_defect,
        };
        while let Some(row) = reader.next_wanted(&wanted)? {
            if request.evidence.counts(row.evidence) {
                this.push(row, index, &others, ontology);
            } else {
                this.read += u64::from(!row.negated);
                this.other_evidence += u64::from(!row.negated);
            }
            if this.read.is_multiple_of(REPORT_EVERY) {
                report_progress(
                    progress,
                    FreezeProgress {
                        step: FreezeStep::Annotations,
                        done: this.read,
                        total: None,
                    },
                )?;
            }
        }
        this.skipped = reader.skipped();
        this.damaged_rows = reader.damaged_rows().clone();
        this.damaged_fields = reader.damaged_fields().clone();
        this.remove_contradicted(index, ontology);
        if this.read > 0 && this.read == this.other_evidence {
            return Err(DatasetError::NoSuchEvidence {
                annotations: path.clone(),
                codes: request.evidence.names(),
                rows: this.other_evidence,
            });
        }
        if this.rows.is_empty() && this.unknown_terms.count > 0 {
            return Err(DatasetError::NoKnownTerm {
                annotations: path.clone(),
                ontology: request.ontology.clone(),
                rows: this.unknown_terms.count,
                examples: this.unknown_terms.examples,
            });
        }
        if this.rows.is_empty() {
            return Err(DatasetError::NoAnnotations {
                annotations: path.clone(),
                fasta: request.fasta.clone(),
                rows: this.read,
                examples: this.without_sequence.examples,
                proteins: first_proteins(index),
                names_genes: reader.names_genes(),
            });
        }
        this.sort();
        report_progress(
            progress,
            FreezeProgress {
                step: FreezeStep::Annotations,
                done: this.read,
                total: Some(this.read),
            },
        )?;
        Ok(this)
    }

    fn push(
        &mut self,
        row: AnnotationRow<'_>,
        index: &HashMap<String, u32>,
        others: &OtherNames,
        ontology: &Ontology,
    ) {
        self.read += u64::from(!row.negated);
        // An annotation of an isoform belongs to the isoform's own entry, if the dataset has it.
        let isoform = row.isoform.and_then(|isoform| index.get(isoform).copied());
        if row.negated && row.isoform.is_some() && isoform.is_none() {
            // What an isoform does not do, the entry may.
            return;
        }
        let exact = isoform.or_else(|| index.get(row.accession).copied());
        let Some(protein) = exact.or_else(|| others.find(index, row.accession)) else {
            if !row.negated {
                self.without_sequence.add(row.accession);
            }
            return;
        };
        if exact.is_none() {
            self.respelled_accessions.add(row.accession);
        }
        let mut respelled = None;
        let mut terms = ontology.resolve(row.term);
        if terms.is_empty() {
            respelled = ontology.respell(row.term);
            if let Some(id) = &respelled {
                self.respelled_terms.add(row.term);
                terms = ontology.resolve(id);
            }
        }
        let Some(&first) = terms.first() else {
            if !row.negated {
                self.add_unknown(row.term, ontology);
            }
            return;
        };
        let mut aspects = terms.iter().map(|&term| ontology.aspect(term));
        let aspect = if row.aspect.is_some() && aspects.any(|aspect| aspect == row.aspect) {
            row.aspect
        } else {
            let known = ontology.aspect(first);
            if row.aspect.is_some() && known.is_some() {
                self.other_aspect.add(row.term);
            }
            known.or(row.aspect)
        };
        let evidence = row
            .evidence
            .map_or(0, |code| self.evidence.number(code) + 1);
        let rows = if row.negated {
            &mut self.negated
        } else {
            &mut self.rows
        };
        let mut push = |term: &str| {
            rows.push(Row {
                protein,
                term: self.terms.number(term),
                evidence,
                aspect,
            });
        };
        if ontology.is_mapped(row.term.as_bytes()) {
            let ids: Vec<&str> = terms.iter().map(|&term| ontology.id(term)).collect();
            ids.iter().copied().for_each(&mut push);
            self.mapped_terms
                .add(&format!("{} -> {}", row.term, ids.join(" and ")));
        } else {
            push(respelled.as_deref().unwrap_or(row.term));
        }
    }

    fn add_unknown(&mut self, term: &str, ontology: &Ontology) {
        self.unknown_terms.add(term);
        if let Some(replacement) = ontology.replacement(term) {
            self.obsolete_terms.add(&described(term, &replacement));
        }
    }

    /// Removes the annotations that contradict a row with `NOT`.
    fn remove_contradicted(&mut self, index: &HashMap<String, u32>, ontology: &Ontology) {
        if self.negated.is_empty() {
            return;
        }
        let (numbers, _) = self.terms.sorted();
        let mut names = vec![""; numbers.len()];
        for (text, number) in self.terms.iter() {
            names[number as usize] = text;
        }
        let negated = self.negated.iter().map(|row| (row.protein, row.term));
        let is_contradicted = contradicted(negated, &names, ontology);
        let accessions: HashMap<u32, &str> = index
            .iter()
            .map(|(accession, &row)| (row, accession.as_str()))
            .collect();
        let tally = &mut self.contradicted;
        self.rows.retain(|row| {
            let remove = is_contradicted(row.protein, row.term);
            if remove {
                let accession = accessions.get(&row.protein).copied().unwrap_or("");
                tally.add(&format!("{accession} {}", names[row.term as usize]));
            }
            !remove
        });
    }

    /// Sorts the rows by protein, term and evidence, and removes repeated rows.
    fn sort(&mut self) {
        let (_, terms) = self.terms.sorted();
        let (_, evidence) = self.evidence.sorted();
        for row in self.rows.iter_mut().chain(&mut self.negated) {
            row.term = terms[row.term as usize];
            row.evidence = row
                .evidence
                .checked_sub(1)
                .map_or(0, |number| evidence[number as usize] + 1);
        }
        self.rows.par_sort_unstable();
        let before = self.rows.len();
        self.rows.dedup();
        self.repeated = (before - self.rows.len()) as u64;
        self.negated.sort_unstable();
        self.negated.dedup();
    }

    /// Number of rows by evidence code.
    pub(super) fn evidence_codes(&self) -> BTreeMap<String, u64> {
        let (codes, _) = self.evidence.sorted();
        let mut counts = BTreeMap::new();
        let numbers = self
            .rows
            .iter()
            .filter_map(|row| row.evidence.checked_sub(1));
        for number in numbers {
            let code = codes[number as usize];
            match counts.get_mut(code) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(code.to_owned(), 1);
                }
            }
        }
        counts
    }

    /// Number of rows after removing repeats.
    pub(super) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Accession and term of each row, by accession's index, then term. A pair with several kinds of
    /// evidence is repeated. `accessions` has the accession of each protein, in order.
    pub(super) fn pairs<'a>(&'a self, accessions: &[&'a str]) -> Vec<(&'a str, &'a str)> {
        let (terms, _) = self.terms.sorted();
        let pair = |row: &Row| (accessions[row.protein as usize], terms[row.term as usize]);
        self.rows.iter().map(pair).collect()
    }

    /// Number of different terms.
    pub(super) fn terms(&self) -> u64 {
        let mut used = vec![false; self.terms.len()];
        for row in &self.rows {
            used[row.term as usize] = true;
        }
        used.into_iter().filter(|&used| used).count() as u64
    }

    /// The different terms of the annotations, in no particular order.
    pub(super) fn distinct_terms(&self) -> Vec<&str> {
        let (terms, _) = self.terms.sorted();
        let mut used = vec![false; terms.len()];
        for row in &self.rows {
            used[row.term as usize] = true;
        }
        let pairs = terms.into_iter().zip(used);
        pairs
            .filter(|&(_, used)| used)
            .map(|(term, _)| term)
            .collect()
    }

    /// Whether rows with the qualifier `NOT` are kept.
    pub(super) fn has_negated(&self) -> bool {
        !self.negated.is_empty()
    }

    /// The annotated proteins, sorted, without repeats.
    pub(super) fn proteins(&self) -> impl Iterator<Item = u32> {
        self.rows
            .chunk_by(|a, b| a.protein == b.protein)
            .map(|rows| rows[0].protein)
    }

    /// Writes the table. `accessions` has the accession of each protein, in order.
    pub(super) fn write(&self, path: &Path, accessions: &[&str]) -> Result<(), DatasetError> {
        self.write_rows(&self.rows, path, accessions)
    }

    /// Writes a table of the rows with the qualifier `NOT`, with the same columns.
    pub(super) fn write_negated(
        &self,
        path: &Path,
        accessions: &[&str],
    ) -> Result<(), DatasetError> {
        self.write_rows(&self.negated, path, accessions)
    }

    fn write_rows(
        &self,
        rows: &[Row],
        path: &Path,
        accessions: &[&str],
    ) -> Result<(), DatasetError> {
        let schema = Schema::new(vec![
            Field::new("accession", DataType::Utf8, false),
            Field::new("term", DataType::Utf8, false),
            Field::new("aspect", DataType::Utf8, true),
            Field::new("evidence", DataType::Utf8, true),
        ]);
        let (terms, _) = self.terms.sorted();
        let (evidence, _) = self.evidence.sorted();
        let mut writer = TableWriter::create(path, schema)?;
        for rows in rows.chunks(BATCH_ROWS) {
            let mut columns: [StringBuilder; 4] = Default::default();
            for row in rows {
                columns[0].append_value(accessions[row.protein as usize]);
                columns[1].append_value(terms[row.term as usize]);
                columns[2].append_option(row.aspect.map(Aspect::name));
                columns[3].append_option(
                    row.evidence
                        .checked_sub(1)
                        .map(|number| evidence[number as usize]),
                );
            }
            writer.write(
                columns
                    .iter_mut()
                    .map(|column| Arc::new(column.finish()) as _)
                    .collect(),
            )?;
        }
        writer.finish()
    }
}
