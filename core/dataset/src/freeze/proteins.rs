//! Writes `proteins.arrow`.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::BuildHasher,
    path::Path,
    sync::Arc,
};

use arrow_array::{
    ArrayRef,
    builder::{Int32Builder, StringBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use protea_formats::{Defects, FastaReader, FastaRecord, FormatError, OnDefect, Taxonomy};

use super::{
    FreezeProgress, FreezeRequest, FreezeStep, Tally, Watch,
    arrow_write::TableWriter,
    embeddings::{Embeddings, Matched},
    other_names::OtherNames,
    report_progress,
};
use crate::{DatasetError, EmbeddingInfo};

/// Bytes of embeddings in one record batch, which bounds the memory of freezing.
const BATCH_EMBEDDINGS: usize = 32 << 20;
/// Bytes of sequences after which a record batch is closed; far below the limit of 32-bit offsets.
const BATCH_SEQUENCES: usize = 64 << 20;
const BATCH_ROWS: usize = 65_536;
/// Number of proteins between two reports of progress.
const REPORT_EVERY: u64 = 4096;

/// The result of writing the table.
pub(super) struct Proteins {
    /// Index of each accession.
    pub(super) index: HashMap<String, u32>,
    /// The different taxa.
    pub(super) taxa: HashSet<u32>,
    pub(super) embedding: Option<EmbeddingInfo>,
    /// How the names of the embeddings matched.
    pub(super) matched: Matched,
    pub(super) damaged_proteins: Tally,
    pub(super) invalid_taxa: Defects,
    /// Proteins that the FASTA file has again, with the same sequence. The examples have both lines.
    pub(super) repeated_proteins: Tally,
    /// Proteins that the taxonomy has under another form of their accession.
    pub(super) respelled_taxa: Tally,
    /// Proteins that the taxonomy does not have.
    pub(super) without_taxon: Tally,
}

/// Streams the FASTA file and the embeddings to `path`.
pub(super) fn write(
    path: &Path,
    request: &FreezeRequest,
    taxonomy: Option<&Taxonomy>,
    mut embeddings: Option<Embeddings>,
    progress: &mut Watch<'_>,
) -> Result<Proteins, DatasetError> {
    let mut fields = vec![
        Field::new("accession", DataType::Utf8, false),
        Field::new("sequence", DataType::Utf8, true),
        Field::new("taxon", DataType::Int32, true),
    ];
    fields.extend(embeddings.as_ref().map(Embeddings::field));
    let mut writer = TableWriter::create(path, Schema::new(fields))?;
    let batch_rows = embeddings.as_ref().map_or(BATCH_ROWS, |e| {
        (BATCH_EMBEDDINGS / e.row_bytes()).clamp(16, BATCH_ROWS)
    });
    let total = embeddings.as_ref().and_then(Embeddings::expected_proteins);

    let fasta = &request.fasta;
    let mut reader = FastaReader::open(fasta)?;
    let mut damaged_proteins = Tally::default();
    let (mut repeated_proteins, mut respelled_taxa) = (Tally::default(), Tally::default());
    let mut without_taxon = Tally::default();
    let other_taxa = taxonomy.map(|taxonomy| OtherNames::new(&taxonomy.taxa));
    let mut numbers = Numbers::default();
    let mut taxa = HashSet::new();
    let mut batch = Batch::default();
    loop {
        let record = match reader.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error @ FormatError::Malformed { .. }) if request.on_defect == OnDefect::Skip => {
                damaged_proteins.add(&error.to_string());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match numbers.add(fasta, &record) {
            Ok(None) => {}
            Ok(Some(first_line)) => {
                let (accession, line) = (&record.accession, record.line);
                repeated_proteins.add(&format!("{accession} on lines {first_line} and {line}"));
                continue;
            }
            Err(DatasetError::Input(error @ FormatError::Duplicate { .. }))
                if request.on_defect == OnDefect::Skip =>
            {
                damaged_proteins.add(&error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        }
        if let Some(embeddings) = &mut embeddings
            && !embeddings.push(&record)?
        {
            numbers.leave_out(record.accession);
            continue;
        }
        let mut taxon = record.taxon;
        if let (Some(taxonomy), Some(others)) = (taxonomy, &other_taxa) {
            match others.find(&taxonomy.taxa, &record.accession) {
                Some(found) => {
                    if !taxonomy.taxa.contains_key(&record.accession) {
                        respelled_taxa.add(&record.accession);
                    }
                    taxon = Some(found);
                }
                None => without_taxon.add(&record.accession),
            }
        }
        taxa.extend(taxon);
        batch.push(&record, taxon);
        if batch.rows == batch_rows || batch.sequence_bytes >= BATCH_SEQUENCES {
            batch.flush(&mut writer, embeddings.as_mut(), path)?;
        }
        let done = numbers.seen.len() as u64;
        if done.is_multiple_of(REPORT_EVERY) {
            report(progress, done, total)?;
        }
    }
    if batch.rows > 0 {
        batch.flush(&mut writer, embeddings.as_mut(), path)?;
    }
    let index = numbers.into_index();
    let embedding = embeddings
        .map(|embeddings| embeddings.finish(fasta, &index))
        .transpose()?;
    let (embedding, matched) = embedding.unzip();
    writer.finish()?;
    let done = index.len() as u64;
    report(progress, done, Some(done))?;
    Ok(Proteins {
        index,
        taxa,
        embedding,
        matched: matched.unwrap_or_default(),
        damaged_proteins,
        invalid_taxa: reader.invalid_taxa().clone(),
        repeated_proteins,
        respelled_taxa,
        without_taxon,
    })
}

fn report(progress: &mut Watch<'_>, done: u64, total: Option<u64>) -> Result<(), DatasetError> {
    report_progress(
        progress,
        FreezeProgress {
            step: FreezeStep::Proteins,
            done,
            total,
        },
    )
}

/// The number, line and hash of the sequence of each protein read so far.
#[derive(Default)]
struct Numbers {
    seen: HashMap<String, (u32, u64, u64)>,
    /// Proteins that are not in the dataset, with the line and hash of each.
    left_out: HashMap<String, (u64, u64)>,
    hasher: RandomState,
}

impl Numbers {
    /// Adds a protein. Returns the line of the earlier one if it is there already with the same
    /// sequence.
    fn add(&mut self, fasta: &Path, record: &FastaRecord) -> Result<Option<u64>, DatasetError> {
        let next = self.seen.len();
        let hash = self.hasher.hash_one(&record.sequence);
        let kept = self.seen.get(&record.accession);
        let earlier = kept.map(|&(_, line, hash)| (line, hash));
        let earlier = earlier.or(self.left_out.get(&record.accession).copied());
        if let Some((first_line, other)) = earlier {
            if other == hash {
                return Ok(Some(first_line));
            }
            return Err(FormatError::Duplicate {
                path: fasta.to_owned(),
                line: record.line,
                accession: record.accession.clone(),
                first_line,
            }
            .into());
        }
        if next >= i32::MAX as usize {
            return Err(DatasetError::Request(format!(
                "{} has more than {} proteins; split it",
                fasta.display(),
                i32::MAX
            )));
        }
        let entry = (next as u32, record.line, hash);
        self.seen.insert(record.accession.clone(), entry);
        Ok(None)
    }

    /// Takes back the protein that was added last.
    fn leave_out(&mut self, accession: String) {
        if let Some((_, line, hash)) = self.seen.remove(&accession) {
            self.left_out.insert(accession, (line, hash));
        }
    }

    fn into_index(self) -> HashMap<String, u32> {
        self.seen
            .into_iter()
            .map(|(accession, (row, _, _))| (accession, row))
            .collect()
    }
}

/// The columns of the current record batch.
#[derive(Default)]
struct Batch {
    accession: StringBuilder,
    sequence: StringBuilder,
    taxon: Int32Builder,
    rows: usize,
    sequence_bytes: usize,
}

impl Batch {
    fn push(&mut self, record: &FastaRecord, taxon: Option<u32>) {
        self.accession.append_value(&record.accession);
        self.sequence.append_value(&record.sequence);
        self.taxon.append_option(taxon.map(u32::cast_signed));
        self.rows += 1;
        self.sequence_bytes += record.sequence.len();
    }

    fn flush(
        &mut self,
        writer: &mut TableWriter,
        embeddings: Option<&mut Embeddings>,
        path: &Path,
    ) -> Result<(), DatasetError> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.accession.finish()),
            Arc::new(self.sequence.finish()),
            Arc::new(self.taxon.finish()),
        ];
        let rows = std::mem::take(&mut self.rows);
        self.sequence_bytes = 0;
        if let Some(embeddings) = embeddings {
            match embeddings
                .take_column(rows)
                .map_err(|error| DatasetError::write(path)(std::io::Error::other(error)))?
            {
                Some(column) => columns.push(column),
                // A protein has no embedding, so the dataset will not be published and need not be
                // written.
                None => return Ok(()),
            }
        }
        writer.write(columns)
    }
}
