//! Reads `annotations.arrow`.

use std::path::Path;

use arrow_array::{Array, StringArray, cast::AsArray};
use arrow_schema::DataType;
use protea_ontology::Aspect;

use super::{
    DatasetError, arrow_file,
    protein_table::{ProteinTable, check_names, expect},
};

/// One annotation of a protein with a term, as in its source (not propagated).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation<'a> {
    /// Index of the protein in the dataset, from 0.
    pub protein: usize,
    /// The term, such as `GO:0005515`.
    pub term: &'a str,
    /// The aspect of the term in the dataset's ontology. `None` if the ontology is not the Gene
    /// Ontology and the source has no aspect.
    pub aspect: Option<Aspect>,
    /// The evidence code, such as `IDA`, if the source has it.
    pub evidence: Option<&'a str>,
}

/// Iterates over the annotations of a dataset, in the order of its proteins. See
/// [`FrozenDataset::annotations`](super::FrozenDataset::annotations).
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
        let invalid = |problem: String| DatasetError::table(path, problem);
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
                    .ok_or_else(|| invalid(format!("column {name:?} is missing")))
            };
            let [accession, term, aspect, evidence] = [
                column("accession")?,
                column("term")?,
                column("aspect")?,
                column("evidence")?,
            ]
            .map(|array| array.as_string::<i32>().clone());
            if accession.null_count() > 0 || term.null_count() > 0 {
                return Err(invalid("column \"accession\" or \"term\" has nulls".into()));
            }
            for (name, column) in [("accession", &accession), ("term", &term)] {
                check_names(column)
                    .map_err(|problem| invalid(format!("column {name:?} {problem}")))?;
            }
            let mut rows = Vec::with_capacity(batch.num_rows());
            for row in 0..batch.num_rows() {
                let accession = accession.value(row);
                let found = find_protein(proteins, protein, accession).ok_or_else(|| {
                    invalid(format!(
                        "column \"accession\" has {accession:?}, which is not a protein of the dataset"
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
                        invalid(format!(
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
            return Err(invalid(format!("it has more than {} rows", u32::MAX)));
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

/// The annotations, indexed by protein.
pub(super) struct ByProtein<'a> {
    table: &'a AnnotationTable,
    /// Number of the first row of each batch.
    batches: Vec<usize>,
    /// Row numbers, grouped by protein.
    rows: Vec<u32>,
    /// `rows[starts[p]..starts[p + 1]]` are the rows of protein `p`.
    starts: Vec<u32>,
}

impl AnnotationTable {
    /// Groups the rows by protein. protea freezes rows in the order of the proteins, but other
    /// programs may write tables in another order.
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
    pub(super) fn annotations_of(&self, protein: usize) -> impl Iterator<Item = Annotation<'a>> {
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

/// Finds a protein. Rows are usually in the order of the proteins, so it is nearly always the last
/// one or the next.
fn find_protein(proteins: &ProteinTable, last: Option<usize>, accession: &str) -> Option<usize> {
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
