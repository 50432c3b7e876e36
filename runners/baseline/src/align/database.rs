//! The references in a model's directory.
//!
//! | file | content |
//! |---|---|
//! | `database/` | the program's own database of the references' sequences |
//! | `references.tsv` | a reference per line, in the order of the database: accession, terms as annotated |
//! | `ontology.obo` | the ontology of the training set |

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Component, Path, PathBuf},
};

use protea_cafa::{dataset::FrozenDataset, ontology::Ontology, propagated::PropagatedTerms};
use protea_contracts::{content::FileDigest, prelude::*};

use super::{Aligner, sequences};

const DATABASE: &str = "database";
const REFERENCES: &str = "references.tsv";
const ONTOLOGY: &str = "ontology.obo";
/// The references for the program, each named by its line in [`REFERENCES`]; gone when the database is made.
const FASTA: &str = "references.fasta";

/// What the model says of the references: which they are, what searches them, and what every file must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub struct Database {
    /// The training set: SHA-256 of its manifest.
    pub dataset_sha256: String,
    /// The program that searches it.
    pub program: String,
    /// The version of the program that made it.
    pub program_version: String,
    /// How many references.
    pub references: usize,
    /// Its files.
    pub files: Vec<FileDigest>,
}

/// Whether a database had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was made.
    Anew,
    /// One was there that had been made of the same dataset by the same program.
    Before,
}

/// A database that was made before, and where.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The database.
    pub database: Database,
    /// The directory of its model.
    pub directory: PathBuf,
}

/// The references of an open database.
pub(super) struct References {
    pub directory: PathBuf,
    pub ontology: Ontology,
    pub accessions: Vec<String>,
    pub terms: PropagatedTerms,
}

impl Database {
    /// Makes the database of a training set in `directory`, or takes over the first of the `earlier` that fits: where it lies there
    /// already, or as a copy.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without annotated sequences; what the program fails with.
    pub fn make(
        dataset: &FrozenDataset,
        aligner: &Aligner,
        directory: &Path,
        scratch: &Path,
        earlier: Vec<Earlier>,
        threads: usize,
        emit: &Emitter,
    ) -> Result<(Self, Made), RunnerError> {
        let fits = |earlier: &Self| {
            earlier.dataset_sha256 == dataset.sha256()
                && earlier.program == aligner.program()
                && earlier.program_version == aligner.version()
        };
        for earlier in earlier.iter().filter(|earlier| fits(&earlier.database)) {
            if earlier.directory != directory {
                empty(directory)?;
                // One that is gone meanwhile, or was changed, is no reason to fail.
                if earlier
                    .database
                    .copy_to(&earlier.directory, directory)
                    .is_err()
                {
                    continue;
                }
            }
            if earlier.database.check(directory).is_ok() {
                return Ok((earlier.database.clone(), Made::Before));
            }
        }
        let database = empty(directory)?;
        let references = write_references(dataset, directory, emit)?;
        let fasta = database.join(FASTA);
        aligner.make_database(&fasta, &database, scratch, threads, emit)?;
        fs::remove_file(&fasta).or_failed("removing the sequences")?;
        fs::copy(dataset.ontology_path(), directory.join(ONTOLOGY))
            .or_failed("copying the ontology")?;
        let made = Self {
            dataset_sha256: dataset.sha256().to_owned(),
            program: aligner.program().to_owned(),
            program_version: aligner.version().to_owned(),
            references,
            files: files(directory).or_failed("hashing the database")?,
        };
        Ok((made, Made::Anew))
    }

    /// Copies every file of the database.
    fn copy_to(&self, from: &Path, to: &Path) -> io::Result<()> {
        for file in &self.files {
            // A model is somebody's file: what it names lies below its directory, or it is none.
            let name = Path::new(&file.path);
            if !name
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
            {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
            fs::copy(from.join(name), to.join(name))?;
        }
        Ok(())
    }

    /// The directory that the program searches.
    pub(super) fn searched(directory: &Path) -> PathBuf {
        directory.join(DATABASE)
    }

    /// Checks every file against its hash.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] for the first that differs.
    pub fn check(&self, directory: &Path) -> Result<(), RunnerError> {
        let names = [REFERENCES, ONTOLOGY];
        for name in names {
            if !self.files.iter().any(|file| file.path == name) {
                return Err(RunnerError::Model {
                    message: format!("its database does not list {name}; fit again"),
                });
            }
        }
        self.files
            .iter()
            .try_for_each(|file| file.check(directory).or_model("checking its database"))
    }

    /// Reads what the references are annotated with.
    pub(super) fn open(&self, directory: &Path) -> Result<References, RunnerError> {
        self.check(directory)?;
        let ontology = Ontology::read(directory.join(ONTOLOGY)).or_model("reading its ontology")?;
        let text =
            fs::read_to_string(directory.join(REFERENCES)).or_model("reading its references")?;
        let lines = || text.lines().map(|line| line.split('\t'));
        let accessions: Vec<String> = lines()
            .map(|mut fields| fields.next().unwrap_or_default().to_owned())
            .collect();
        if accessions.len() != self.references {
            return Err(RunnerError::Model {
                message: format!(
                    "{REFERENCES} has {} lines where {} references are stated; fit again",
                    accessions.len(),
                    self.references
                ),
            });
        }
        let pairs = lines()
            .enumerate()
            .flat_map(|(row, fields)| fields.skip(1).map(move |term| (row, term)));
        let terms = PropagatedTerms::collect(accessions.len(), pairs, &ontology);
        Ok(References {
            directory: directory.to_owned(),
            ontology,
            accessions,
            terms,
        })
    }

    /// Copies the database into an export.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when it is not whole, [`RunnerError::Failed`] when it cannot be copied.
    pub fn copy(&self, directory: &Path, bundle: &mut Bundle) -> Result<(), RunnerError> {
        self.check(directory)?;
        fs::create_dir_all(bundle.directory().join(DATABASE))
            .or_failed("making the database's directory")?;
        for file in &self.files {
            let copy = bundle.add("database", &file.path);
            fs::copy(directory.join(&file.path), copy)
                .or_failed(&format!("copying {}", file.path))?;
        }
        Ok(())
    }
}

/// The directory of the program's database, with nothing in it.
fn empty(directory: &Path) -> Result<PathBuf, RunnerError> {
    let database = directory.join(DATABASE);
    match fs::remove_dir_all(&database) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).or_failed("removing the database of another model")?;
        }
        _ => {}
    }
    fs::create_dir_all(&database).or_failed("making the database's directory")?;
    Ok(database)
}

/// Writes the annotated proteins that have a sequence: as FASTA for the program, and their terms.
fn write_references(
    dataset: &FrozenDataset,
    directory: &Path,
    emit: &Emitter,
) -> Result<usize, RunnerError> {
    let ontology = protea_cafa::assessment::open_ontology(dataset)?;
    let mut terms: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let mut unknown = 0_u64;
    for annotation in dataset.annotations().or_dataset("reading annotations")? {
        if ontology.resolve(annotation.term).is_empty() {
            unknown += 1;
        } else {
            terms
                .entry(annotation.protein)
                .or_default()
                .push(annotation.term);
        }
    }
    if unknown > 0 {
        emit.warning(
            "runner.baseline.unknown_terms",
            &format!(
                "{unknown} annotations have terms unknown to the ontology and are not transferred"
            ),
            &json!({ "annotations": unknown }),
        );
    }
    let annotated = terms.len();
    terms.retain(|&protein, _| sequences::sequence(dataset, protein).is_some());
    if terms.is_empty() {
        return Err(without_sequences(
            dataset,
            "no annotated protein with a sequence",
        ));
    }
    if terms.len() < annotated {
        let without = annotated - terms.len();
        emit.warning(
            "runner.baseline.no_sequence",
            &format!("{without} annotated proteins have no sequence and are no references"),
            &json!({ "proteins": without }),
        );
    }
    let mut text = String::new();
    let mut rows = Vec::with_capacity(terms.len());
    for (protein, terms) in terms {
        text.push_str(dataset.accession(protein));
        for term in terms {
            write!(text, "\t{term}").expect("writing to a String cannot fail");
        }
        text.push('\n');
        rows.push(protein);
    }
    fs::write(directory.join(REFERENCES), text).or_failed("writing the references")?;
    let row_of = |protein: usize| rows.binary_search(&protein).ok();
    sequences::write(dataset, &directory.join(DATABASE).join(FASTA), row_of)?;
    Ok(rows.len())
}

/// The error of a dataset that cannot be aligned.
pub(super) fn without_sequences(dataset: &FrozenDataset, what: &str) -> RunnerError {
    RunnerError::Dataset {
        message: format!(
            "{} has {what}; freeze it from a FASTA file with sequences (`--fasta`), or take a method without alignment",
            dataset.directory().display()
        ),
    }
}

/// Every file of the database, in order of their names.
fn files(directory: &Path) -> io::Result<Vec<FileDigest>> {
    let mut names = vec![ONTOLOGY.to_owned(), REFERENCES.to_owned()];
    for entry in fs::read_dir(directory.join(DATABASE))? {
        let name = entry?.file_name();
        let name = name.to_str().ok_or_else(|| {
            io::Error::other(format!("{} is no text", Path::new(&name).display()))
        })?;
        names.push(format!("{DATABASE}/{name}"));
    }
    names.sort();
    names
        .iter()
        .map(|name| FileDigest::of(directory, name))
        .collect()
}
