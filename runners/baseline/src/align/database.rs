//! The references in a model's directory.
//!
//! | file | content |
//! |---|---|
//! | `database/` | the program's own database of the references' sequences |
//! | `references.tsv` | one reference per line, in the order of the database: accession, terms as annotated |
//! | `ontology.obo` | the ontology of the training set |

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Component, Path, PathBuf},
};

use protea_cafa::{dataset::FrozenDataset, ontology::Ontology, propagated::PropagatedTerms};
use protea_contracts::{FileDigest, Sha256, prelude::*};

use super::{aligner::MakeDatabase, installed::InstalledAligner, sequences};

const DATABASE: &str = "database";
const REFERENCES: &str = "references.tsv";
/// The file of a model with the ontology of its training set.
pub(crate) const ONTOLOGY: &str = "ontology.obo";
/// The references as FASTA, each named by its line number in [`REFERENCES`]. Removed once the
/// database is made.
const FASTA: &str = "references.fasta";

/// The references in the model's document: where they come from, which program searches them, and
/// the hash of every file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub(crate) struct Database {
    /// SHA-256 of the training set's manifest.
    pub(crate) dataset_sha256: Sha256,
    /// The program that searches it.
    pub(crate) program: String,
    /// The version of the program that made it.
    pub(crate) program_version: String,
    /// The number of references.
    pub(crate) references: usize,
    /// Its files.
    pub(crate) files: Vec<FileDigest>,
}

/// Where a database comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseOrigin {
    /// The program made it now.
    Made,
    /// It is that of an earlier model, made from the same dataset by the same program.
    Reused,
}

/// The database of an earlier model.
#[derive(Debug, Clone)]
pub(crate) struct EarlierDatabase {
    pub(crate) database: Database,
    /// The directory of its model.
    pub(crate) directory: PathBuf,
}

/// The references of an open database.
pub(super) struct References {
    pub(crate) directory: PathBuf,
    pub(crate) ontology: Ontology,
    pub(crate) accessions: Vec<String>,
    pub(crate) terms: PropagatedTerms,
}

impl Database {
    /// Makes the database of a training set in `directory`, or reuses the first of the `earlier`
    /// ones that fits: in place if it is in `directory` already, otherwise as a copy.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without annotated sequences; the errors of the program.
    pub(crate) fn make(
        dataset: &FrozenDataset,
        aligner: &InstalledAligner,
        directory: &Path,
        scratch: &Path,
        earlier: Vec<EarlierDatabase>,
        threads: usize,
        emit: &Emitter,
    ) -> Result<(Self, DatabaseOrigin), RunnerError> {
        let fits = |earlier: &Self| {
            earlier.dataset_sha256 == dataset.sha256()
                && earlier.program == aligner.program()
                && earlier.program_version == aligner.version()
        };
        for earlier in earlier.iter().filter(|earlier| fits(&earlier.database)) {
            if earlier.directory != directory {
                empty(directory)?;
                // It may have been removed or changed in the meantime. Then make a new one.
                if earlier
                    .database
                    .copy_to(&earlier.directory, directory)
                    .is_err()
                {
                    continue;
                }
            }
            if earlier.database.check(directory).is_ok() {
                return Ok((earlier.database.clone(), DatabaseOrigin::Reused));
            }
        }
        let database = empty(directory)?;
        let references = write_references(dataset, directory, emit)?;
        let fasta = database.join(FASTA);
        let task = MakeDatabase {
            fasta: &fasta,
            database: &database,
            scratch,
            threads,
        };
        aligner.make_database(&task, emit)?;
        fs::remove_file(&fasta).or_failed("removing the sequences")?;
        fs::copy(dataset.ontology_path(), directory.join(ONTOLOGY))
            .or_failed("copying the ontology")?;
        let made = Self {
            dataset_sha256: dataset.sha256(),
            program: aligner.program().to_owned(),
            program_version: aligner.version().to_owned(),
            references,
            files: files(directory).or_failed("hashing the database")?,
        };
        Ok((made, DatabaseOrigin::Made))
    }

    /// Copies every file of the database.
    fn copy_to(&self, from: &Path, to: &Path) -> io::Result<()> {
        for file in &self.files {
            // The model may come from someone else: reject paths that leave its directory.
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

    /// The directory of the program's own files.
    pub(super) fn program_directory(directory: &Path) -> PathBuf {
        directory.join(DATABASE)
    }

    /// Checks every file against its hash.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] for the first file that differs.
    pub(crate) fn check(&self, directory: &Path) -> Result<(), RunnerError> {
        let names = [REFERENCES, ONTOLOGY];
        for name in names {
            if !self.files.iter().any(|file| file.path == name) {
                return Err(RunnerError::Model {
                    message: format!("the database of the model does not list {name}; fit again"),
                });
            }
        }
        self.files.iter().try_for_each(|file| {
            file.check(directory)
                .or_model("checking the database of the model")
        })
    }

    /// Checks the files and reads the ontology and the annotations of the references.
    pub(super) fn open(&self, directory: &Path) -> Result<References, RunnerError> {
        self.check(directory)?;
        let ontology = Ontology::read(directory.join(ONTOLOGY))
            .or_model("reading the ontology of the model")?;
        let text = fs::read_to_string(directory.join(REFERENCES))
            .or_model("reading the references of the model")?;
        let lines = || text.lines().map(|line| line.split('\t'));
        let accessions: Vec<String> = lines()
            .map(|mut fields| fields.next().unwrap_or_default().to_owned())
            .collect();
        if accessions.len() != self.references {
            return Err(RunnerError::Model {
                message: format!(
                    "{REFERENCES} has {} lines, but the model states {} references; fit again",
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
    /// [`RunnerError::Model`] when a file is missing or changed, [`RunnerError::Failed`] when one
    /// cannot be copied.
    pub(crate) fn copy(&self, directory: &Path, bundle: &mut Bundle) -> Result<(), RunnerError> {
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

/// Makes the directory of the program's database, or empties it.
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

/// Writes the annotated proteins that have a sequence: their terms, and their sequences as FASTA.
/// Returns their number.
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
            &format!("ignored {unknown} annotations with terms that are not in the ontology"),
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
            &format!("{without} annotated proteins have no sequence and are not references"),
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

/// The error for a dataset that cannot be aligned.
pub(super) fn without_sequences(dataset: &FrozenDataset, has: &str) -> RunnerError {
    RunnerError::Dataset {
        message: format!(
            "{} has {has}; freeze it from a FASTA file with sequences (`--fasta`), or choose a method without alignment",
            dataset.directory().display()
        ),
    }
}

/// Every file of the database with its hash, sorted by name.
fn files(directory: &Path) -> io::Result<Vec<FileDigest>> {
    let mut names = vec![ONTOLOGY.to_owned(), REFERENCES.to_owned()];
    for entry in fs::read_dir(directory.join(DATABASE))? {
        let name = entry?.file_name();
        let name = name.to_str().ok_or_else(|| {
            io::Error::other(format!(
                "the file name {} is not UTF-8",
                Path::new(&name).display()
            ))
        })?;
        names.push(format!("{DATABASE}/{name}"));
    }
    names.sort();
    names
        .iter()
        .map(|name| FileDigest::of(directory, name))
        .collect()
}
