//! An open frozen dataset.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use protea_contracts::content::digest_bytes;
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::annotation_table::{AnnotationTable, ByProtein};
use super::names;
use super::protein_table::ProteinTable;
use super::{Annotations, DatasetError, EmbeddingBlock, EmbeddingType, EmbeddingValues, Manifest};

/// A frozen dataset, open for reading. Its tables are mapped, not loaded; it can be shared between threads.
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
    sha256: String,
    proteins: ProteinTable,
    annotations: OnceLock<AnnotationTable>,
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
    /// Opens the dataset in `directory`: reads the manifest, checks that every file has the size it states, and maps
    /// the proteins. Does not compute hashes ([`verify`](Self::verify) does).
    ///
    /// # Errors
    /// [`DatasetError::NotADataset`] without a `dataset.json`; [`DatasetError::SchemaVersion`],
    /// [`DatasetError::Manifest`], [`DatasetError::Content`], [`DatasetError::Table`] if something in it is not as it
    /// must be; [`DatasetError::Read`].
    pub fn open(directory: &Path) -> Result<Self, DatasetError> {
        let (manifest, bytes) = Manifest::read(directory)?;
        let wrong = |problem: String| DatasetError::Manifest {
            path: directory.join(super::MANIFEST_FILE),
            problem,
        };
        for name in [names::ONTOLOGY, names::PROTEINS, names::ANNOTATIONS] {
            if manifest.file(name).is_none() {
                return Err(wrong(format!("does not list {name}")));
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
            return Err(wrong(format!(
                "counts {} proteins where {} has {}",
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
            return Err(wrong(format!(
                "states {} where {} has {}",
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
        })
    }

    /// Computes the SHA-256 of every file and compares it with the manifest.
    ///
    /// # Errors
    /// [`DatasetError::Content`] names the first file, in the manifest's order, that differs.
    pub fn verify(&self) -> Result<(), DatasetError> {
        let results: Vec<_> = self
            .manifest
            .files
            .par_iter()
            .map(|file| file.check(&self.directory))
            .collect();
        results
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(|source| DatasetError::Content {
                directory: self.directory.clone(),
                source,
            })
    }

    /// Looks for NaN and infinities in the embeddings. Freezing refuses them; this is for datasets made elsewhere.
    ///
    /// # Errors
    /// [`DatasetError::NotFinite`] for the first one; [`DatasetError::NoEmbeddings`].
    pub fn check_finite(&self) -> Result<(), DatasetError> {
        let found: Vec<_> = self
            .embedding_blocks()?
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

    /// Where the dataset is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Identity of the dataset: SHA-256 of the bytes of `dataset.json`, which holds the hashes of all other files.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Number of proteins. They are numbered from 0, in the order of the FASTA file they came from.
    pub fn len(&self) -> usize {
        self.proteins.len()
    }

    /// Whether there is no protein.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Accession of a protein.
    ///
    /// # Panics
    /// If `protein` is not below [`len`](Self::len).
    pub fn accession(&self, protein: usize) -> &str {
        self.proteins.accession(protein)
    }

    /// Sequence of a protein, in one-letter code.
    ///
    /// # Panics
    /// If `protein` is not below [`len`](Self::len).
    pub fn sequence(&self, protein: usize) -> Option<&str> {
        self.proteins.sequence(protein)
    }

    /// NCBI taxon of a protein.
    ///
    /// # Panics
    /// If `protein` is not below [`len`](Self::len).
    pub fn taxon(&self, protein: usize) -> Option<u32> {
        self.proteins.taxon(protein)
    }

    /// Index of the protein with this accession.
    pub fn index_of(&self, accession: &str) -> Option<usize> {
        self.proteins.index_of(accession)
    }

    /// Numbers in each embedding; `None` if there are no embeddings.
    pub fn embedding_width(&self) -> Option<usize> {
        self.proteins.embedding().map(|(width, _)| width)
    }

    /// Type the embeddings are stored in; `None` if there are no embeddings.
    pub fn embedding_dtype(&self) -> Option<EmbeddingType> {
        self.proteins.embedding().map(|(_, dtype)| dtype)
    }

    /// The embeddings: blocks of rows borrowed from the mapped file, in order, all proteins. Nothing is copied.
    ///
    /// # Errors
    /// [`DatasetError::NoEmbeddings`].
    pub fn embedding_blocks(&self) -> Result<Vec<EmbeddingBlock<'_>>, DatasetError> {
        if self.proteins.embedding().is_none() {
            return Err(DatasetError::NoEmbeddings(self.directory.clone()));
        }
        Ok(self.proteins.blocks().collect())
    }

    /// The annotations, in the order of the proteins; those of one protein by term, then evidence. As given, not propagated. The
    /// table is mapped and checked at the first call.
    ///
    /// # Errors
    /// [`DatasetError::Table`] if it is broken or names an accession that is no protein of the dataset;
    /// [`DatasetError::Read`].
    pub fn annotations(&self) -> Result<Annotations<'_>, DatasetError> {
        Ok(self.annotation_table()?.iter())
    }

    /// The annotations by protein.
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
                "it has {} annotations where the manifest counts {}",
                table.iter().len(),
                self.manifest.counts.annotations
            );
            return Err(DatasetError::table(&path, problem));
        }
        Ok(self.annotations.get_or_init(|| table))
    }

    /// The ontology, as OBO.
    pub fn ontology_path(&self) -> PathBuf {
        self.directory.join(names::ONTOLOGY)
    }

    /// The table of information accretion, if the dataset has one.
    pub fn ia_path(&self) -> Option<PathBuf> {
        self.manifest
            .file(names::INFORMATION_ACCRETION)
            .map(|file| self.directory.join(&file.path))
    }

    /// What was known of the proteins before, a table of accession, term and aspect, if they are partial-knowledge targets: it counts
    /// neither for nor against a prediction.
    pub fn known_path(&self) -> Option<PathBuf> {
        self.manifest
            .file(names::KNOWN)
            .map(|file| self.directory.join(&file.path))
    }
}
