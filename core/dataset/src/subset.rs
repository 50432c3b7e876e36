//! Writes some proteins of a frozen dataset as a new frozen dataset.

use std::{
    collections::HashSet,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{
    ArrayRef, FixedSizeListArray, Float16Array, Float32Array,
    builder::{Int32Builder, StringBuilder},
};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use half::f16;
use protea_contracts::{FileDigest, Sha256};

use crate::{
    AccretionInfo, Annotation, Counts, DatasetError, EmbeddingBlock, EmbeddingInfo, EmbeddingType,
    EmbeddingValues, FrozenDataset, MANIFEST_FILE, Manifest, SCHEMA_VERSION,
    freeze::{TableWriter, embedding_field, embedding_item},
    names,
    staging::{copy_new, make_read_only, sync_directory},
};

/// Bytes of embeddings in one record batch, which bounds the memory.
const BATCH_EMBEDDINGS: usize = 32 << 20;
const BATCH_ROWS: usize = 65_536;

/// A selection of a dataset.
pub(super) struct Subset<'a> {
    pub(super) dataset: &'a FrozenDataset,
    /// Indices of the proteins, ascending.
    pub(super) proteins: &'a [usize],
    pub(super) name: &'a str,
    /// Selects rows of the annotations of these proteins; `None` selects all.
    pub(super) annotations: Option<&'a [bool]>,
    pub(super) ontology: PathBuf,
    pub(super) ia: Option<PathBuf>,
    /// Where `ia` comes from, if that is known.
    pub(super) accretion_info: Option<&'a AccretionInfo>,
    pub(super) known: Option<PathBuf>,
    /// A subset of the same dataset in the same publication. Whole files, such as the ontology, are
    /// linked to its copies, so that they take space once.
    pub(super) twin: Option<&'a Path>,
}

impl FrozenDataset {
    /// Writes consecutive proteins, with all that belongs to them, as a frozen dataset to the new
    /// directory `out`, whose parent exists. The same proteins give the same dataset. `twin` is the
    /// directory of other proteins of the same dataset, whose whole files, such as the ontology, are
    /// linked instead of copied if the file system can. Returns its identity.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the annotations cannot be read or a file cannot be written.
    ///
    /// # Panics
    ///
    /// If a protein is not below [`len`](Self::len).
    pub fn write_rows(
        &self,
        proteins: Range<usize>,
        name: &str,
        twin: Option<&Path>,
        out: &Path,
    ) -> Result<Sha256, DatasetError> {
        let proteins: Vec<usize> = proteins.collect();
        let mut subset = Subset::new(self, &proteins, name);
        subset.twin = twin;
        subset.write(out).map(|(sha256, _)| sha256)
    }
}

impl<'a> Subset<'a> {
    /// Selects proteins with all their annotations.
    pub(super) fn new(dataset: &'a FrozenDataset, proteins: &'a [usize], name: &'a str) -> Self {
        Self {
            dataset,
            proteins,
            name,
            annotations: None,
            ontology: dataset.ontology_path(),
            ia: dataset.ia_path(),
            accretion_info: dataset.manifest().information_accretion.as_ref(),
            known: dataset.known_path(),
            twin: None,
        }
    }

    /// Writes the selection to the new directory `out`. Returns its identity and its manifest.
    pub(super) fn write(&self, out: &Path) -> Result<(Sha256, Manifest), DatasetError> {
        let Self {
            dataset, proteins, ..
        } = *self;
        fs::create_dir(out).map_err(DatasetError::write(out))?;
        let mut files = vec![names::ONTOLOGY, names::PROTEINS, names::ANNOTATIONS];
        let mut copies = vec![(&self.ontology, names::ONTOLOGY)];
        let lineages = dataset.lineages_path();
        for (optional, name) in [
            (&lineages, names::LINEAGES),
            (&self.ia, names::INFORMATION_ACCRETION),
            (&self.known, names::KNOWN),
        ] {
            if let Some(optional) = optional {
                copies.push((optional, name));
                files.push(name);
            }
        }
        for (from, to) in copies {
            let twin = self.twin.map(|twin| twin.join(to));
            // Not every file system has links.
            let is_linked = twin.is_some_and(|twin| fs::hard_link(twin, out.join(to)).is_ok());
            if !is_linked {
                copy_new(from, &out.join(to))?;
            }
        }
        write_proteins(dataset, proteins, &out.join(names::PROTEINS))?;
        let rows = dataset.annotations()?.enumerate();
        let rows = rows.filter(|(row, _)| self.annotations.is_none_or(|taken| taken[*row]));
        let annotations = out.join(names::ANNOTATIONS);
        let counted =
            self.write_annotations(&annotations, rows.map(|(_, annotation)| annotation))?;
        if let Some(negated) = dataset.negated_annotations()? {
            self.write_annotations(&out.join(names::NEGATED_ANNOTATIONS), negated)?;
            files.push(names::NEGATED_ANNOTATIONS);
        }
        let taxa: HashSet<u32> = proteins.iter().filter_map(|&p| dataset.taxon(p)).collect();
        let digest = |file: &str| {
            let path = out.join(file);
            let digest = FileDigest::of(out, file).map_err(|source| DatasetError::Read {
                path: path.clone(),
                source,
            })?;
            make_read_only(&path)?;
            Ok(digest)
        };
        let files = files
            .into_iter()
            .map(digest)
            .collect::<Result<Vec<_>, DatasetError>>()?;
        let whole = dataset.manifest();
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            name: self.name.to_owned(),
            version: whole.version.clone(),
            licence: whole.licence.clone(),
            created: whole.created.clone(),
            created_by: concat!("protea-cafa ", env!("CARGO_PKG_VERSION")).to_owned(),
            counts: Counts {
                proteins: proteins.len() as u64,
                taxa: taxa.len() as u64,
                ..counted
            },
            embedding: whole.embedding.clone(),
            information_accretion: self.accretion_info.cloned(),
            parent: Some(dataset.sha256()),
            files,
        };
        let sha256 = manifest.write(&out.join(MANIFEST_FILE))?;
        sync_directory(out)?;
        Ok((sha256, manifest))
    }

    /// Writes those of the annotations that are of these proteins, and counts them.
    fn write_annotations<'d>(
        &self,
        path: &Path,
        annotations: impl Iterator<Item = Annotation<'d>>,
    ) -> Result<Counts, DatasetError> {
        let schema = Schema::new(vec![
            Field::new("accession", DataType::Utf8, false),
            Field::new("term", DataType::Utf8, false),
            Field::new("aspect", DataType::Utf8, true),
            Field::new("evidence", DataType::Utf8, true),
        ]);
        let dataset = self.dataset;
        let mut is_in = vec![false; dataset.len()];
        for &protein in self.proteins {
            is_in[protein] = true;
        }
        let mut writer = TableWriter::create(path, schema)?;
        let mut columns: [StringBuilder; 4] = Default::default();
        let mut flush = |columns: &mut [StringBuilder; 4]| {
            writer.write(
                columns
                    .iter_mut()
                    .map(|column| Arc::new(column.finish()) as _)
                    .collect(),
            )
        };
        let (mut terms, mut annotated, mut rows) = (HashSet::new(), HashSet::new(), 0u64);
        for annotation in annotations {
            if !is_in[annotation.protein] {
                continue;
            }
            columns[0].append_value(dataset.accession(annotation.protein));
            columns[1].append_value(annotation.term);
            columns[2].append_option(annotation.aspect.map(|aspect| aspect.name()));
            columns[3].append_option(annotation.evidence);
            terms.insert(annotation.term);
            annotated.insert(annotation.protein);
            rows += 1;
            if rows.is_multiple_of(BATCH_ROWS as u64) {
                flush(&mut columns)?;
            }
        }
        if !rows.is_multiple_of(BATCH_ROWS as u64) {
            flush(&mut columns)?;
        }
        writer.finish()?;
        Ok(Counts {
            annotations: rows,
            annotated_proteins: annotated.len() as u64,
            terms: terms.len() as u64,
            ..Counts::default()
        })
    }
}

fn write_proteins(
    dataset: &FrozenDataset,
    proteins: &[usize],
    path: &Path,
) -> Result<(), DatasetError> {
    let embedding = dataset.manifest().embedding.as_ref();
    let mut fields = vec![
        Field::new("accession", DataType::Utf8, false),
        Field::new("sequence", DataType::Utf8, true),
        Field::new("taxon", DataType::Int32, true),
    ];
    fields.extend(embedding.map(embedding_field));
    let mut writer = TableWriter::create(path, Schema::new(fields))?;
    let blocks = match embedding {
        Some(_) => dataset.embedding_blocks()?,
        None => Vec::new(),
    };
    let batch_rows = embedding.map_or(BATCH_ROWS, |embedding| {
        let row = embedding.width * embedding.dtype.bytes();
        (BATCH_EMBEDDINGS / row).clamp(16, BATCH_ROWS)
    });
    for rows in proteins.chunks(batch_rows) {
        let (mut accession, mut sequence) = (StringBuilder::new(), StringBuilder::new());
        let mut taxon = Int32Builder::new();
        for &row in rows {
            accession.append_value(dataset.accession(row));
            sequence.append_option(dataset.sequence(row));
            taxon.append_option(dataset.taxon(row).map(u32::cast_signed));
        }
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(accession.finish()),
            Arc::new(sequence.finish()),
            Arc::new(taxon.finish()),
        ];
        if let Some(embedding) = embedding {
            let column = embeddings(embedding, &blocks, rows)
                .map_err(|error| DatasetError::write(path)(std::io::Error::other(error)))?;
            columns.push(column);
        }
        writer.write(columns)?;
    }
    writer.finish()
}

/// The column of embeddings of these rows, which ascend.
fn embeddings(
    embedding: &EmbeddingInfo,
    blocks: &[EmbeddingBlock<'_>],
    rows: &[usize],
) -> Result<ArrayRef, ArrowError> {
    let numbers = rows.len() * embedding.width;
    let (mut single, mut half): (Vec<f32>, Vec<f16>) = (Vec::new(), Vec::new());
    match embedding.dtype {
        EmbeddingType::F32 => single.reserve_exact(numbers),
        EmbeddingType::F16 => half.reserve_exact(numbers),
    }
    for &row in rows {
        match EmbeddingBlock::row(blocks, row) {
            EmbeddingValues::F32(values) => single.extend_from_slice(values),
            EmbeddingValues::F16(values) => half.extend_from_slice(values),
        }
    }
    let values: ArrayRef = match embedding.dtype {
        EmbeddingType::F32 => Arc::new(Float32Array::from(single)),
        EmbeddingType::F16 => Arc::new(Float16Array::from(half)),
    };
    let width = embedding.width as i32;
    let list = FixedSizeListArray::try_new(embedding_item(embedding), width, values, None)?;
    Ok(Arc::new(list))
}
