//! Reads or computes embeddings and converts them to Arrow columns.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use arrow_array::{ArrayRef, FixedSizeListArray, Float16Array, Float32Array};
use arrow_schema::{ArrowError, Field};
use half::f16;
use protea_formats::{
    EmbeddingOptions, EmbeddingReader, FastaRecord, FormatError, MatrixType, NameRule, OnDefect,
};

use super::{
    EmbeddingSource, FreezeRequest, MatchedNames, NoEmbedding, Tally, WithoutEmbedding,
    embedding_errors::{is_padded, not_finite, padded},
    embedding_field::{embedding_field, embedding_item},
};
use crate::{
    DatasetError, EmbeddingInfo, EmbeddingType,
    features::kmer::{self, KmerSpectrum, longest_word},
};

/// Largest number of accessions in a message.
const EXAMPLES: usize = 3;

pub(super) struct Embeddings {
    info: EmbeddingInfo,
    origin: Origin,
    values: Values,
    /// What happens to a protein without an embedding.
    on_missing: OnDefect,
    /// The proteins that were left out.
    without: Vec<WithoutEmbedding>,
}

enum Origin {
    File {
        reader: Box<EmbeddingReader>,
        missing: Vec<String>,
        missing_count: usize,
        /// The rows of the proteins.
        used: HashSet<usize>,
        /// Proteins by the rule that found their row, without exact matches.
        by_rule: BTreeMap<NameRule, Tally>,
        /// Proteins whose embedding has only zeros.
        zeros: Tally,
        /// Proteins of which another number of rows was averaged than the sequence has residues.
        other_lengths: Tally,
        on_defect: OnDefect,
    },
    Kmer {
        spectrum: Box<KmerSpectrum>,
        sequences: Vec<String>,
        /// Proteins whose spectrum has only zeros.
        zeros: Tally,
    },
}

/// How the names of a file of embeddings matched the proteins.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// Embeddings of proteins that are not in the FASTA file.
    pub(super) unused: Tally,
    /// Embeddings that were matched by another rule than the whole name.
    pub(super) names: Vec<MatchedNames>,
    /// Embeddings in which every number is 0.
    pub(super) zeros: Tally,
    /// Means over another number of rows than the sequence has residues.
    pub(super) other_lengths: Tally,
    /// Single values beside the embeddings.
    pub(super) left_out: Tally,
    /// Proteins that were left out.
    pub(super) without: Vec<WithoutEmbedding>,
}

/// The numbers of the current record batch.
enum Values {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Embeddings {
    /// Opens the embeddings of a request; `None` if it has none. Decompressed data goes to the
    /// directory `scratch`.
    pub(super) fn open(
        request: &FreezeRequest,
        scratch: &Path,
    ) -> Result<Option<Self>, DatasetError> {
        let (origin, width, native, source) = match &request.embeddings {
            EmbeddingSource::None => return Ok(None),
            EmbeddingSource::Kmer => {
                let origin = Origin::Kmer {
                    spectrum: Box::new(KmerSpectrum::new()),
                    sequences: Vec::new(),
                    zeros: Tally::default(),
                };
                (
                    origin,
                    kmer::WIDTH,
                    EmbeddingType::F32,
                    Some(kmer::DESCRIPTION.to_owned()),
                )
            }
            EmbeddingSource::Matrix {
                matrix: file,
                source,
                ..
            }
            | EmbeddingSource::Named { file, source } => {
                let ids = match &request.embeddings {
                    EmbeddingSource::Matrix { ids, .. } => Some(ids.as_path()),
                    _ => None,
                };
                let options = EmbeddingOptions {
                    names: request.arrays.clone(),
                    pool: request.pool,
                };
                let reader = EmbeddingReader::open_with(file, ids, &options, scratch)?;
                let native = match reader.dtype() {
                    MatrixType::F16 => EmbeddingType::F16,
                    MatrixType::F32 | MatrixType::F64 => EmbeddingType::F32,
                };
                let width = reader.width();
                let origin = Origin::File {
                    reader: Box::new(reader),
                    missing: Vec::new(),
                    missing_count: 0,
                    used: HashSet::new(),
                    by_rule: BTreeMap::new(),
                    zeros: Tally::default(),
                    other_lengths: Tally::default(),
                    on_defect: request.on_defect,
                };
                (origin, width, native, source.clone())
            }
        };
        let dtype = request.dtype.unwrap_or(native);
        let values = match dtype {
            EmbeddingType::F32 => Values::F32(Vec::new()),
            EmbeddingType::F16 => Values::F16(Vec::new()),
        };
        Ok(Some(Self {
            info: EmbeddingInfo {
                width,
                dtype,
                source,
            },
            origin,
            values,
            on_missing: request.on_missing_embedding,
            without: Vec::new(),
        }))
    }

    pub(super) fn row_bytes(&self) -> usize {
        self.info.width * self.info.dtype.bytes()
    }

    /// Total number of proteins, if it is known before the FASTA file is read.
    pub(super) fn expected_proteins(&self) -> Option<u64> {
        match &self.origin {
            Origin::File { reader, .. } if !reader.names_its_rows() => Some(reader.rows() as u64),
            Origin::File { .. } | Origin::Kmer { .. } => None,
        }
    }

    pub(super) fn field(&self) -> Field {
        embedding_field(&self.info)
    }

    /// Adds the embedding of the next protein. A protein without one is recorded and reported by
    /// [`finish`](Self::finish). Returns whether the protein stays in the dataset.
    pub(super) fn push(&mut self, protein: &FastaRecord) -> Result<bool, FormatError> {
        let skips = self.on_missing == OnDefect::Skip;
        match &mut self.origin {
            Origin::Kmer {
                sequences, zeros, ..
            } => {
                let word = longest_word(&protein.sequence);
                if skips && word < 3 {
                    let reason = if protein.sequence.len() < 3 {
                        NoEmbedding::TooShort
                    } else {
                        NoEmbedding::NoResidues
                    };
                    self.leave_out(protein, reason);
                    return Ok(false);
                }
                if word == 0 {
                    zeros.add(&protein.accession);
                }
                sequences.push(protein.sequence.clone());
            }
            Origin::File {
                reader,
                missing,
                missing_count,
                used,
                by_rule,
                zeros,
                other_lengths,
                on_defect,
            } => match reader.find(&protein.accession)? {
                Some(found) => {
                    let row = found.row;
                    used.insert(row);
                    if found.rule != NameRule::Exact {
                        by_rule
                            .entry(found.rule)
                            .or_default()
                            .add(&protein.accession);
                    }
                    let width = reader.width();
                    let (bad_column, is_zero) = match &mut self.values {
                        Values::F32(values) => {
                            reader.read_f32(row, values)?;
                            let row = &values[values.len() - width..];
                            let bad = row.iter().position(|v| !v.is_finite());
                            (bad, row.iter().all(|&v| v == 0.0))
                        }
                        Values::F16(values) => {
                            reader.read_f16(row, values)?;
                            let row = &values[values.len() - width..];
                            let bad = row.iter().position(|v| !v.is_finite());
                            (bad, row.iter().all(|&v| v == f16::ZERO))
                        }
                    };
                    if let Some(rows) = reader.averaged_rows(row) {
                        let residues = protein.sequence.len() as u64;
                        if *on_defect == OnDefect::Stop && is_padded(rows, residues, found.rule) {
                            return Err(padded(reader, &protein.accession, rows, residues));
                        }
                        if rows != residues {
                            other_lengths.add(&format!(
                                "{}: {rows} rows, {residues} residues",
                                protein.accession
                            ));
                        }
                    }
                    if is_zero {
                        zeros.add(&protein.accession);
                    }
                    if let Some(column) = bad_column {
                        return Err(not_finite(
                            reader,
                            row,
                            column,
                            &protein.accession,
                            self.info.dtype,
                        ));
                    }
                }
                None => {
                    *missing_count += 1;
                    if missing.len() < EXAMPLES {
                        missing.push(protein.accession.clone());
                    }
                    if skips {
                        self.leave_out(protein, NoEmbedding::Missing);
                        return Ok(false);
                    }
                }
            },
        }
        Ok(true)
    }

    fn leave_out(&mut self, protein: &FastaRecord, reason: NoEmbedding) {
        self.without.push(WithoutEmbedding {
            accession: protein.accession.clone(),
            reason,
        });
    }

    /// Returns the column of the current record batch of `proteins` rows and starts the next one.
    /// Returns `None` if a protein of the batch has no embedding: reading continues to find all of
    /// them, but writing stops.
    pub(super) fn take_column(&mut self, proteins: usize) -> Result<Option<ArrayRef>, ArrowError> {
        if let Origin::Kmer {
            spectrum,
            sequences,
            ..
        } = &mut self.origin
        {
            let spectra = spectrum.compute_all(sequences);
            sequences.clear();
            match &mut self.values {
                Values::F32(values) => *values = spectra,
                Values::F16(values) => values.extend(spectra.into_iter().map(f16::from_f32)),
            }
        }
        let (numbers, column): (usize, ArrayRef) = match &mut self.values {
            Values::F32(values) => (
                values.len(),
                Arc::new(Float32Array::from(std::mem::take(values))),
            ),
            Values::F16(values) => (
                values.len(),
                Arc::new(Float16Array::from(std::mem::take(values))),
            ),
        };
        if numbers != proteins * self.info.width {
            return Ok(None);
        }
        let list = FixedSizeListArray::try_new(
            embedding_item(&self.info),
            self.info.width as i32,
            column,
            None,
        )?;
        Ok(Some(Arc::new(list)))
    }

    /// Compares proteins and rows after all proteins were read. Extra rows are an error for a
    /// matrix with a list of accessions, because the list was made for this dataset. A file that
    /// names its rows can have extra proteins; they are returned.
    pub(super) fn finish(
        self,
        fasta: &Path,
        seen: &HashMap<String, u32>,
    ) -> Result<(EmbeddingInfo, Matched), DatasetError> {
        let mut matched = Matched::default();
        if let Origin::Kmer { zeros, .. } = self.origin {
            matched.zeros = zeros;
            matched.without = self.without;
            return Ok((self.info, matched));
        }
        if let Origin::File {
            reader,
            missing,
            missing_count,
            used,
            by_rule,
            zeros,
            other_lengths,
            ..
        } = self.origin
        {
            // If no protein has an embedding, the names mean something else.
            if missing_count > 0 && (self.on_missing == OnDefect::Stop || used.is_empty()) {
                return Err(DatasetError::MissingEmbeddings {
                    fasta: fasta.to_owned(),
                    count: missing_count,
                    proteins: seen.len() + self.without.len(),
                    examples: missing,
                    ids_path: reader.ids_path().to_owned(),
                    names: reader.name_examples(EXAMPLES),
                    are_numbered: reader.is_numbered(),
                });
            }
            let mut unmatched: Vec<_> = reader
                .accessions()
                .iter()
                .filter(|(_, row)| !used.contains(row))
                .collect();
            unmatched.sort_unstable_by_key(|&(_, &row)| row);
            if reader.names_its_rows() {
                for (accession, _) in unmatched {
                    matched.unused.add(accession);
                }
            } else if !unmatched.is_empty() {
                let count = unmatched.len();
                let examples = unmatched
                    .into_iter()
                    .take(EXAMPLES)
                    .map(|(accession, _)| accession.clone())
                    .collect();
                let mut proteins: Vec<_> = seen.iter().collect();
                proteins.sort_unstable_by_key(|&(_, &row)| row);
                let proteins = proteins.into_iter().take(EXAMPLES);
                return Err(DatasetError::MissingSequences {
                    ids_path: reader.ids_path().to_owned(),
                    fasta: fasta.to_owned(),
                    count,
                    examples,
                    proteins: proteins.map(|(accession, _)| accession.clone()).collect(),
                });
            }
            for name in reader.left_out() {
                matched.left_out.add(name);
            }
            matched.zeros = zeros;
            matched.other_lengths = other_lengths;
            matched.without = self.without;
            matched.names = by_rule
                .into_iter()
                .map(|(rule, proteins)| MatchedNames {
                    rule: rule.describe(),
                    proteins,
                })
                .collect();
        }
        Ok((self.info, matched))
    }
}
