//! Opens frozen datasets.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use protea_contracts::{
    Sha256,
    content::{FileDigest, digest_bytes, digest_reader},
};
use protea_files::DigestCache;
use protea_formats::{Lineages, read_lineages};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{
    Annotations, DatasetError, EmbeddingBlock, EmbeddingType, EmbeddingValues, Manifest,
    annotation_table::{AnnotationTable, ByProtein},
    names,
    protein_table::ProteinTable,
};

/// A frozen dataset, open for reading. Its tables are memory-mapped. It can be shared between
/// threads.
///
/// ```no_run
/// use protea_dataset::{EmbeddingValues, FrozenDataset};
///
/// let dataset = FrozenDataset::open("swissprot".as_ref())?;
/// for block in dataset.embedding_blocks()? {
///     if let EmbeddingValues::F32(values) = block.values {
///         println!("{} begins {:?}", dataset.accession(block.first_row), &values[..block.width.min(3)]);
///     }
/// }
/// # Ok::<(), protea_dataset::DatasetError>(())
/// ```
pub struct FrozenDataset {
    directory: PathBuf,
    manifest: Manifest,
    sha256: Sha256,
    proteins: ProteinTable,
    annotations: OnceLock<AnnotationTable>,
    negated: OnceLock<AnnotationTable>,
    lineages: OnceLock<Lineages>,
    /// Set once the files have been compared with the manifest.
    verified: OnceLock<()>,
}

impl std::fmt::Debug for FrozenDataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrozenDataset")
            .field("directory", &self.directory)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

impl FrozenDataset {
    /// Opens the dataset in `directory`: reads the manifest, checks the size of every file and maps
    /// the proteins. It does not check hashes; [`verify`](Self::verify) does.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Missing`] if the directory does not exist; [`DatasetError::NotADataset`] if
    /// `dataset.json` is missing; [`DatasetError::SchemaVersion`], [`DatasetError::Manifest`],
    /// [`DatasetError::Content`] or [`DatasetError::Table`] if a file is invalid;
    /// [`DatasetError::Read`] if reading fails.
    pub fn open(directory: &Path) -> Result<Self, DatasetError> {
        let (manifest, bytes) = Manifest::read(directory)?;
        let invalid = |problem: String| DatasetError::Manifest {
            path: directory.join(super::MANIFEST_FILE),
            problem,
        };
        for name in [names::ONTOLOGY, names::PROTEINS, names::ANNOTATIONS] {
            if manifest.file(name).is_none() {
                return Err(invalid(format!("it does not list {name}")));
            }
        }
        for file in &manifest.files {
            file.check_size(directory)
                .map_err(|source| DatasetError::Content {
                    directory: directory.to_owned(),
                    source,
                })?;
        }
        let proteins = ProteinTable::open(&directory.join(names::PROTEINS))?;
        if manifest.counts.proteins != proteins.len() as u64 {
            return Err(invalid(format!(
                "it counts {} proteins, but {} has {}",
                manifest.counts.proteins,
                names::PROTEINS,
                proteins.len()
            )));
        }
        let stated = manifest
            .embedding
            .as_ref()
            .map(|embedding| (embedding.width, embedding.dtype));
        if stated != proteins.embedding() {
            let describe = |embedding: Option<(usize, EmbeddingType)>| {
                embedding.map_or("no embedding".to_owned(), |(width, dtype)| {
                    format!("an embedding of {width} {}", dtype.name())
                })
            };
            return Err(invalid(format!(
                "it states {}, but {} has {}",
                describe(stated),
                names::PROTEINS,
                describe(proteins.embedding())
            )));
        }
        let sha256 = digest_bytes(&bytes);
        Ok(Self {
            directory: directory.to_owned(),
            manifest,
            sha256,
            proteins,
            annotations: OnceLock::new(),
            negated: OnceLock::new(),
            lineages: OnceLock::new(),
            verified: OnceLock::new(),
        })
    }

    /// Computes the SHA-256 of every file and compares it with the manifest.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Content`] for the first file, in the order of the manifest, that differs.
    pub fn verify(&self) -> Result<(), DatasetError> {
        self.verify_with(&DigestCache::none())
    }

    /// As [`verify`](Self::verify), but does not read a file that was hashed on this machine before and
    /// has not changed since (see [`DigestCache`]).
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_changed(&self) -> Result<(), DatasetError> {
        self.verify_with(&DigestCache::of_user())
    }

    fn verify_with(&self, digests: &DigestCache) -> Result<(), DatasetError> {
        let check = |file: &FileDigest| {
            file.check_with(&self.directory, |opened| {
                digests.digest(opened, |opened| Ok(*digest_reader(opened)?.0.as_bytes()))
            })
        };
        let results: Vec<_> = self.manifest.files.par_iter().map(check).collect();
        results
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(|source| DatasetError::Content {
                directory: self.directory.clone(),
                source,
            })?;
        self.verified.get_or_init(|| ());
        Ok(())
    }

    /// Whether the files have been compared with the manifest since the dataset was opened.
    pub fn is_verified(&self) -> bool {
        self.verified.get().is_some()
    }

    /// Checks the embeddings for NaN and infinite values. Freezing rejects them, so this check is
    /// for datasets written by other programs.
    ///
    /// # Errors
    ///
    /// [`DatasetError::NotFinite`] for the first such value; [`DatasetError::NoEmbeddings`] if
    /// there are no embeddings.
    pub fn check_finite(&self) -> Result<(), DatasetError> {
        self.check_finite_rows(0..self.len())
    }

    /// As [`check_finite`](Self::check_finite), for the embeddings of some proteins only. The others
    /// are not read.
    ///
    /// # Errors
    ///
    /// As [`check_finite`](Self::check_finite).
    pub fn check_finite_rows(&self, rows: Range<usize>) -> Result<(), DatasetError> {
        let blocks = self.embedding_blocks()?;
        let found: Vec<_> = blocks
            .into_iter()
            .filter_map(|block| block.within(&rows))
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|block| {
                match block.values {
                    EmbeddingValues::F32(values) => values
                        .iter()
                        .position(|v| !v.is_finite())
                        .map(|place| (place, values[place])),
                    EmbeddingValues::F16(values) => values
                        .iter()
                        .position(|v| !v.is_finite())
                        .map(|place| (place, values[place].to_f32())),
                }
                .map(|(place, value)| {
                    (
                        block.first_row + place / block.width,
                        place % block.width,
                        value,
                    )
                })
            })
            .collect();
        match found.into_iter().flatten().next() {
            None => Ok(()),
            Some((row, column, value)) => Err(DatasetError::NotFinite {
                path: self.directory.join(names::PROTEINS),
                accession: self.accession(row).to_owned(),
                row,
                column,
                value,
            }),
        }
    }

    /// The directory of the dataset.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The manifest of the dataset.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Identity of the dataset: SHA-256 of the bytes of `dataset.json`, which has the hashes of all
    /// other files.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Number of proteins. They are numbered from 0 in the order of the FASTA file.
    pub fn len(&self) -> usize {
        self.proteins.len()
    }

    /// Whether the dataset has no proteins.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The accession of a protein.
    ///
    /// # Panics
    ///
    /// If `protein` is not below [`len`](Self::len).
    pub fn accession(&self, protein: usize) -> &str {
        self.proteins.accession(protein)
    }

    /// The sequence of a protein in one-letter code; `None` if it is missing.
    ///
    /// # Panics
    ///
    /// If `protein` is not below [`len`](Self::len).
    pub fn sequence(&self, protein: usize) -> Option<&str> {
        self.proteins.sequence(protein)
    }

    /// The NCBI taxon of a protein; `None` if it is unknown.
    ///
    /// # Panics
    ///
    /// If `protein` is not below [`len`](Self::len).
    pub fn taxon(&self, protein: usize) -> Option<u32> {
        self.proteins.taxon(protein)
    }

    /// The index of the protein with this accession.
    pub fn index_of(&self, accession: &str) -> Option<usize> {
        self.proteins.index_of(accession)
    }

    /// Number of values in each embedding; `None` if there are no embeddings.
    pub fn embedding_width(&self) -> Option<usize> {
        self.proteins.embedding().map(|(width, _)| width)
    }

    /// Stored type of the embeddings; `None` if there are no embeddings.
    pub fn embedding_dtype(&self) -> Option<EmbeddingType> {
        self.proteins.embedding().map(|(_, dtype)| dtype)
    }

    /// The embeddings of all proteins, in order, as blocks of rows borrowed from the mapped file.
    ///
    /// # Errors
    ///
    /// [`DatasetError::NoEmbeddings`] if there are no embeddings.
    pub fn embedding_blocks(&self) -> Result<Vec<EmbeddingBlock<'_>>, DatasetError> {
        if self.proteins.embedding().is_none() {
            return Err(DatasetError::NoEmbeddings(self.directory.clone()));
        }
        Ok(self.proteins.blocks().collect())
    }

    /// The annotations in the order of the proteins; those of one protein by term, then evidence.
    /// They are not propagated. The first call maps and validates the table.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Table`] if the table is invalid or has an accession that is not in the
    /// dataset; [`DatasetError::Read`] if reading fails.
    pub fn annotations(&self) -> Result<Annotations<'_>, DatasetError> {
        Ok(self.annotation_table()?.iter())
    }

    /// The annotations with the qualifier `NOT`: terms that a protein does not have, so that it does
    /// not have the terms below them either. They are not among the [`annotations`](Self::annotations),
    /// and what contradicts them is not there. `None` if the dataset has none.
    ///
    /// # Errors
    ///
    /// Those of [`annotations`](Self::annotations).
    pub fn negated_annotations(&self) -> Result<Option<Annotations<'_>>, DatasetError> {
        if self.manifest.file(names::NEGATED_ANNOTATIONS).is_none() {
            return Ok(None);
        }
        if let Some(table) = self.negated.get() {
            return Ok(Some(table.iter()));
        }
        let path = self.directory.join(names::NEGATED_ANNOTATIONS);
        let table = AnnotationTable::open(&path, &self.proteins)?;
        Ok(Some(self.negated.get_or_init(|| table).iter()))
    }

    /// The annotations, indexed by protein.
    pub(super) fn annotations_by_protein(&self) -> Result<ByProtein<'_>, DatasetError> {
        Ok(self.annotation_table()?.by_protein(self.len()))
    }

    fn annotation_table(&self) -> Result<&AnnotationTable, DatasetError> {
        if let Some(table) = self.annotations.get() {
            return Ok(table);
        }
        let path = self.directory.join(names::ANNOTATIONS);
        let table = AnnotationTable::open(&path, &self.proteins)?;
        if table.iter().len() as u64 != self.manifest.counts.annotations {
            let problem = format!(
                "it has {} annotations, but the manifest counts {}",
                table.iter().len(),
                self.manifest.counts.annotations
            );
            return Err(DatasetError::table(&path, problem));
        }
        Ok(self.annotations.get_or_init(|| table))
    }

    /// The path of the ontology in OBO.
    pub fn ontology_path(&self) -> PathBuf {
        self.directory.join(names::ONTOLOGY)
    }

    /// The path of the table of information accretion, if the dataset has one.
    pub fn ia_path(&self) -> Option<PathBuf> {
        self.manifest
            .file(names::INFORMATION_ACCRETION)
            .map(|file| self.directory.join(&file.path))
    }

    /// The lineages of the taxa of the proteins; `None` if the dataset was frozen without. The first
    /// call reads them.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Input`] if the table is invalid or cannot be read.
    pub fn lineages(&self) -> Result<Option<&Lineages>, DatasetError> {
        let Some(path) = self.lineages_path() else {
            return Ok(None);
        };
        if let Some(lineages) = self.lineages.get() {
            return Ok(Some(lineages));
        }
        let lineages = read_lineages(&path)?;
        Ok(Some(self.lineages.get_or_init(|| lineages)))
    }

    pub(super) fn lineages_path(&self) -> Option<PathBuf> {
        self.manifest
            .file(names::LINEAGES)
            .map(|file| self.directory.join(&file.path))
    }

    /// The path of the table of earlier annotations (accession, term and aspect), if the proteins
    /// are partial-knowledge targets. Scoring ignores these annotations.
    pub fn known_path(&self) -> Option<PathBuf> {
        self.manifest
            .file(names::KNOWN)
            .map(|file| self.directory.join(&file.path))
    }
}
