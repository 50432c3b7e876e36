//! `annotations.arrow`.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::{Array, StringArray};
use arrow_schema::DataType;

use super::protein_table::{ProteinTable, check_names, expect};
use super::{DatasetError, arrow_file};
use protea_ontology::Aspect;

/// One annotation of a protein with a term, as its source has it (not propagated).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation<'a> {
    /// Index of the protein in the dataset.
    pub protein: usize,
    /// The term, such as `GO:0005515`.
    pub term: &'a str,
    /// The aspect of the term in the dataset's ontology; none where that is not the Gene Ontology and the source gave none.
    pub aspect: Option<Aspect>,
    /// The evidence code, such as `IDA`, if the source gave it.
    pub evidence: Option<&'a str>,
}

/// The annotations of a dataset, in the order of its proteins. See [`FrozenDataset::annotations`](super::FrozenDataset::annotations).
#[derive(Clone)]
pub struct Annotations<'a> {
    batches: &'a [Batch],
    batch: usize,
    row: usize,
    left: usize,
}

pub(super) struct AnnotationTable {
    batches: Vec<Batch>,
    len: usize,
}

struct Batch {
    proteins: Vec<u32>,
    term: StringArray,
    aspects: Vec<Option<Aspect>>,
    evidence: StringArray,
}

impl AnnotationTable {
    pub(super) fn open(path: &Path, proteins: &ProteinTable) -> Result<Self, DatasetError> {
        const COLUMNS: [&str; 4] = ["accession", "term", "aspect", "evidence"];
        let wrong = |problem: String| DatasetError::table(path, problem);
        let read = arrow_file::read(path, |schema| {
            COLUMNS
                .iter()
                .try_for_each(|name| expect(schema, name, &DataType::Utf8))
        })?;
        let mut batches = Vec::with_capacity(read.len());
        let mut len = 0;
        let mut protein = None;
        for batch in read {
            let column = |name| {
                batch
                    .column_by_name(name)
                    .ok_or_else(|| wrong(format!("column {name:?} is missing")))
            };
            let [accession, term, aspect, evidence] = [
                column("accession")?,
                column("term")?,
                column("aspect")?,
                column("evidence")?,
            ]
            .map(|array| array.as_string::<i32>().clone());
            if accession.null_count() > 0 || term.null_count() > 0 {
                return Err(wrong("column \"accession\" or \"term\" has nulls".into()));
            }
            for (name, column) in [("accession", &accession), ("term", &term)] {
                check_names(column)
                    .map_err(|problem| wrong(format!("column {name:?} {problem}")))?;
            }
            let mut rows = Vec::with_capacity(batch.num_rows());
            for row in 0..batch.num_rows() {
                let accession = accession.value(row);
                let found = follow(proteins, protein, accession).ok_or_else(|| {
                    wrong(format!(
                        "column \"accession\" has {accession:?}, which is no protein of the dataset"
                    ))
                })?;
                protein = Some(found);
                rows.push(found as u32);
            }
            let aspects = aspect
                .iter()
                .map(|text| match text {
                    None => Ok(None),
                    Some(text) => text.parse().map(Some).map_err(|_| {
                        wrong(format!(
                            "column \"aspect\" has {text:?}, not MFO, BPO or CCO"
                        ))
                    }),
                })
                .collect::<Result<_, _>>()?;
            len += rows.len();
            batches.push(Batch {
                proteins: rows,
                term,
                aspects,
                evidence,
            });
        }
        if len > u32::MAX as usize {
            return Err(wrong(format!("it has more than {} rows", u32::MAX)));
        }
        Ok(Self { batches, len })
    }

    pub(super) fn iter(&self) -> Annotations<'_> {
        Annotations {
            batches: &self.batches,
            batch: 0,
            row: 0,
            left: self.len,
        }
    }
}

/// The annotations of one protein after another, in any order of the proteins.
pub(super) struct ByProtein<'a> {
    table: &'a AnnotationTable,
    /// First row of each batch.
    batches: Vec<usize>,
    /// Row numbers, by protein.
    rows: Vec<u32>,
    /// `rows[starts[p]..starts[p + 1]]` are those of protein `p`.
    starts: Vec<u32>,
}

impl AnnotationTable {
    /// Rows come in the order of the proteins where they were frozen here, which a table made elsewhere need not keep.
    pub(super) fn by_protein(&self, proteins: usize) -> ByProtein<'_> {
        let mut starts = vec![0u32; proteins + 1];
        for row in self.iter() {
            starts[row.protein + 1] += 1;
        }
        for protein in 0..proteins {
            starts[protein + 1] += starts[protein];
        }
        let (mut next, mut rows) = (starts.clone(), vec![0u32; self.len]);
        for (number, row) in self.iter().enumerate() {
            let place = &mut next[row.protein];
            rows[*place as usize] = number as u32;
            *place += 1;
        }
        let ends = self.batches.iter().scan(0, |end, batch| {
            let first = *end;
            *end += batch.proteins.len();
            Some(first)
        });
        ByProtein {
            table: self,
            batches: ends.collect(),
            rows,
            starts,
        }
    }
}

impl<'a> ByProtein<'a> {
    pub(super) fn of(&self, protein: usize) -> impl Iterator<Item = Annotation<'a>> {
        let rows = self.starts[protein] as usize..self.starts[protein + 1] as usize;
        self.rows[rows].iter().map(|&row| {
            let row = row as usize;
            let batch = self.batches.partition_point(|&first| first <= row) - 1;
            self.table.batches[batch].annotation(row - self.batches[batch])
        })
    }
}

impl Batch {
    fn annotation(&self, row: usize) -> Annotation<'_> {
        Annotation {
            protein: self.proteins[row] as usize,
            term: self.term.value(row),
            aspect: self.aspects[row],
            evidence: self
                .evidence
                .is_valid(row)
                .then(|| self.evidence.value(row)),
        }
    }
}

/// Rows are in the order of the proteins, so the protein sought is nearly always the last one or the next.
fn follow(proteins: &ProteinTable, last: Option<usize>, accession: &str) -> Option<usize> {
    let next = last.map_or(0, |row| row + 1);
    last.into_iter()
        .chain((next < proteins.len()).then_some(next))
        .find(|&row| proteins.accession(row) == accession)
        .or_else(|| proteins.index_of(accession))
}

impl<'a> Iterator for Annotations<'a> {
    type Item = Annotation<'a>;

    fn next(&mut self) -> Option<Annotation<'a>> {
        let batches = self.batches;
        let mut batch = batches.get(self.batch)?;
        while self.row == batch.proteins.len() {
            self.batch += 1;
            self.row = 0;
            batch = batches.get(self.batch)?;
        }
        let row = self.row;
        self.row += 1;
        self.left -= 1;
        Some(batch.annotation(row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Annotations<'_> {}
