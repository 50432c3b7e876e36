//! Reads `proteins.arrow`.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use arrow_array::{
    Array, FixedSizeListArray, Int32Array, RecordBatch, StringArray,
    cast::AsArray,
    types::{Float16Type, Float32Type, Int32Type},
};
use arrow_schema::{DataType, Field, Schema};
use half::f16;
use protea_formats::WIDEST;
use rayon::slice::ParallelSliceMut;

use super::{DatasetError, EmbeddingType, arrow_file};

/// Consecutive rows of the embedding matrix, borrowed from the mapped file.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddingBlock<'a> {
    /// Index of the protein in the first row of the block.
    pub first_row: usize,
    /// Number of rows.
    pub rows: usize,
    /// Number of values in each row.
    pub width: usize,
    /// `rows * width` numbers, row by row.
    pub values: EmbeddingValues<'a>,
}

/// The numbers of an [`EmbeddingBlock`], in their stored type.
#[derive(Debug, Clone, Copy)]
pub enum EmbeddingValues<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Half precision.
    F16(&'a [f16]),
}

impl<'a> EmbeddingBlock<'a> {
    /// The part of the block with these proteins; `None` if it has none of them.
    #[must_use]
    pub fn within(self, proteins: &Range<usize>) -> Option<Self> {
        let first = proteins.start.max(self.first_row);
        let end = proteins.end.min(self.first_row + self.rows);
        if first >= end {
            return None;
        }
        let numbers = (first - self.first_row) * self.width..(end - self.first_row) * self.width;
        Some(Self {
            first_row: first,
            rows: end - first,
            width: self.width,
            values: match self.values {
                EmbeddingValues::F32(values) => EmbeddingValues::F32(&values[numbers]),
                EmbeddingValues::F16(values) => EmbeddingValues::F16(&values[numbers]),
            },
        })
    }

    /// The embedding of one protein. `blocks` are all blocks of a dataset.
    pub(super) fn row(blocks: &[EmbeddingBlock<'a>], protein: usize) -> EmbeddingValues<'a> {
        let block = blocks.partition_point(|block| block.first_row <= protein) - 1;
        let block = &blocks[block];
        let first = (protein - block.first_row) * block.width;
        let row = first..first + block.width;
        match block.values {
            EmbeddingValues::F32(values) => EmbeddingValues::F32(&values[row]),
            EmbeddingValues::F16(values) => EmbeddingValues::F16(&values[row]),
        }
    }
}

pub(super) struct ProteinTable {
    path: PathBuf,
    batches: Vec<Batch>,
    len: usize,
    embedding: Option<(usize, EmbeddingType)>,
    /// Rows sorted by accession.
    by_accession: Vec<u32>,
}

struct Batch {
    first_row: usize,
    accession: StringArray,
    sequence: StringArray,
    taxon: Int32Array,
    embedding: Option<FixedSizeListArray>,
}

impl ProteinTable {
    pub(super) fn open(path: &Path) -> Result<Self, DatasetError> {
        let mut embedding = None;
        let batches = arrow_file::read(path, |schema| {
            embedding = check_schema(schema)?;
            Ok(())
        })?;
        let mut table = Self {
            path: path.to_owned(),
            batches: Vec::with_capacity(batches.len()),
            len: 0,
            embedding,
            by_accession: Vec::new(),
        };
        for batch in &batches {
            table.push(batch)?;
        }
        table.index()?;
        Ok(table)
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), DatasetError> {
        let invalid = |column: &str, problem: &str| {
            DatasetError::table(&self.path, format!("column {column:?} {problem}"))
        };
        let column = |name| {
            batch
                .column_by_name(name)
                .ok_or_else(|| invalid(name, "is missing"))
        };
        let accession = column("accession")?.as_string::<i32>().clone();
        let taxon = column("taxon")?.as_primitive::<Int32Type>().clone();
        if accession.null_count() > 0 {
            return Err(invalid("accession", "has nulls"));
        }
        check_names(&accession).map_err(|problem| invalid("accession", &problem))?;
        if taxon.iter().flatten().any(|taxon| taxon < 0) {
            return Err(invalid("taxon", "has a negative number"));
        }
        let embedding = match self.embedding {
            None => None,
            Some((width, _)) => {
                let list = column("embedding")?.as_fixed_size_list().clone();
                if list.null_count() > 0 || list.values().null_count() > 0 {
                    return Err(invalid("embedding", "has nulls"));
                }
                if list.offset() != 0 || list.values().len() != list.len() * width {
                    return Err(invalid("embedding", "is not stored row by row"));
                }
                Some(list)
            }
        };
        let sequence = column("sequence")?.as_string::<i32>().clone();
        self.batches.push(Batch {
            first_row: self.len,
            accession,
            sequence,
            taxon,
            embedding,
        });
        self.len += batch.num_rows();
        if self.len > u32::MAX as usize {
            return Err(DatasetError::table(
                &self.path,
                format!("it has more than {} rows", u32::MAX),
            ));
        }
        Ok(())
    }

    fn index(&mut self) -> Result<(), DatasetError> {
        let mut order: Vec<u32> = (0..self.len as u32).collect();
        order.par_sort_unstable_by_key(|&row| self.accession(row as usize));
        for pair in order.windows(2) {
            if self.accession(pair[0] as usize) == self.accession(pair[1] as usize) {
                let problem = format!(
                    "column \"accession\" has {:?} twice",
                    self.accession(pair[0] as usize)
                );
                return Err(DatasetError::table(&self.path, problem));
            }
        }
        self.by_accession = order;
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn embedding(&self) -> Option<(usize, EmbeddingType)> {
        self.embedding
    }

    fn locate(&self, row: usize) -> (&Batch, usize) {
        assert!(row < self.len, "protein {row} of {}", self.len);
        let batch = &self.batches[self.batches.partition_point(|batch| batch.first_row <= row) - 1];
        (batch, row - batch.first_row)
    }

    pub(super) fn accession(&self, row: usize) -> &str {
        let (batch, row) = self.locate(row);
        batch.accession.value(row)
    }

    pub(super) fn sequence(&self, row: usize) -> Option<&str> {
        let (batch, row) = self.locate(row);
        batch
            .sequence
            .is_valid(row)
            .then(|| batch.sequence.value(row))
    }

    pub(super) fn taxon(&self, row: usize) -> Option<u32> {
        let (batch, row) = self.locate(row);
        batch
            .taxon
            .is_valid(row)
            .then(|| batch.taxon.value(row).unsigned_abs())
    }

    pub(super) fn index_of(&self, accession: &str) -> Option<usize> {
        let place = self
            .by_accession
            .binary_search_by_key(&accession, |&row| self.accession(row as usize))
            .ok()?;
        Some(self.by_accession[place] as usize)
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = EmbeddingBlock<'_>> {
        self.batches.iter().filter_map(|batch| {
            let list = batch.embedding.as_ref()?;
            let (width, dtype) = self.embedding?;
            let values = match dtype {
                EmbeddingType::F32 => {
                    EmbeddingValues::F32(list.values().as_primitive::<Float32Type>().values())
                }
                EmbeddingType::F16 => {
                    EmbeddingValues::F16(list.values().as_primitive::<Float16Type>().values())
                }
            };
            Some(EmbeddingBlock {
                first_row: batch.first_row,
                rows: list.len(),
                width,
                values,
            })
        })
    }
}

/// Checks the columns. Returns the width and type of the embeddings, if there are any.
fn check_schema(schema: &Schema) -> Result<Option<(usize, EmbeddingType)>, String> {
    expect(schema, "accession", &DataType::Utf8)?;
    expect(schema, "sequence", &DataType::Utf8)?;
    expect(schema, "taxon", &DataType::Int32)?;
    let Some(field) = unique(schema, "embedding")? else {
        return Ok(None);
    };
    let DataType::FixedSizeList(item, width) = field.data_type() else {
        return Err(format!(
            "column \"embedding\" is {}, not FixedSizeList",
            field.data_type()
        ));
    };
    let dtype = match item.data_type() {
        DataType::Float32 => EmbeddingType::F32,
        DataType::Float16 => EmbeddingType::F16,
        other => {
            return Err(format!(
                "column \"embedding\" holds {other}, not Float32 or Float16"
            ));
        }
    };
    match usize::try_from(*width) {
        Ok(width @ 1..=WIDEST) => Ok(Some((width, dtype))),
        _ => Err(format!(
            "column \"embedding\" has width {width}, not 1 to {WIDEST}"
        )),
    }
}

/// Checks that names have no blanks or control characters, because they are written to lines and to
/// columns separated by tabs.
pub(super) fn check_names(names: &StringArray) -> Result<(), String> {
    // Nearly all names are printable ASCII, which is checked for the whole column at once.
    if names.value_data().iter().all(u8::is_ascii_graphic) {
        return Ok(());
    }
    let has_blank = |name: &&str| name.contains(|c: char| c.is_whitespace() || c.is_control());
    match names.iter().flatten().find(has_blank) {
        Some(name) => Err(format!("has {name:?}, with a blank or a control character")),
        None => Ok(()),
    }
}

pub(super) fn expect(schema: &Schema, name: &str, data_type: &DataType) -> Result<(), String> {
    let field = unique(schema, name)?.ok_or_else(|| format!("column {name:?} is missing"))?;
    if field.data_type() == data_type {
        Ok(())
    } else {
        Err(format!(
            "column {name:?} is {}, not {data_type}",
            field.data_type()
        ))
    }
}

fn unique<'a>(schema: &'a Schema, name: &str) -> Result<Option<&'a Field>, String> {
    let mut fields = schema.fields().iter().filter(|field| field.name() == name);
    match (fields.next(), fields.next()) {
        (field, None) => Ok(field.map(AsRef::as_ref)),
        _ => Err(format!("column {name:?} occurs twice")),
    }
}
