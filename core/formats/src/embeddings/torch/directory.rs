//! Reads a directory with one PyTorch file per protein, as ESM's `extract.py` writes them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{
    super::{
        FormatError, OpenOptions, Opened, arrays::INSPECTED, protein_groups, tensors::Unpacker,
    },
    add,
    archive::Archive,
    machine,
    pickle::Pickle,
    refused,
    survey::{self, Survey},
    too_many,
};

/// Limit of the depth of directories: a name with a slash is in its own directory.
const DEEPEST: usize = 4;
/// Limit of the number of files.
const MOST_FILES: usize = 4 << 20;

/// The file of a protein.
pub(super) struct ProteinFile {
    path: PathBuf,
    /// The name of the protein, if the file does not have it.
    name: String,
}

impl ProteinFile {
    pub fn single(path: &Path, label: &str) -> Self {
        Self {
            path: path.to_owned(),
            name: label.to_owned(),
        }
    }
}

/// Opens a directory and finds the embeddings in its files.
pub(in super::super) fn open(options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let directory = options.path;
    let mut files = Vec::new();
    list(directory, "", 0, &mut files)?;
    files.sort_by(|one: &ProteinFile, other| one.path.cmp(&other.path));
    if files.is_empty() {
        return Err(FormatError::matrix(
            directory,
            "this is a directory without PyTorch files (.pt)",
            "give a file of embeddings, or the directory that ESM's extract.py wrote; for one .npy \
             file per protein: numpy.savez('embeddings.npz', **{p.stem: numpy.load(p) for p in \
             pathlib.Path('DIRECTORY').glob('*.npy')})",
        ));
    }
    let mut groups = Vec::new();
    for file in files.iter().take(INSPECTED) {
        with_pickle(file, |_, pickle| {
            let mut survey = Survey::new(pickle);
            if survey.is_tensor() {
                survey.add_tensor(&file.name);
            } else {
                let name = survey::esm_label(pickle).unwrap_or(&file.name);
                survey.add_protein(name).map_err(too_many(&file.path))?;
            }
            groups.append(&mut survey.groups);
            Ok(())
        })?;
    }
    let suffix = protein_groups::only(&groups, options)?;
    open_files(&files, &suffix, options)
}

fn list(
    directory: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<ProteinFile>,
) -> Result<(), FormatError> {
    let unreadable = FormatError::unreadable(directory);
    for entry in fs::read_dir(directory).map_err(&unreadable)? {
        let entry = entry.map_err(&unreadable)?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        // A FIFO would block.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_dir() && depth < DEEPEST {
            list(&path, &format!("{prefix}{name}/"), depth + 1, files)?;
        } else if metadata.is_file()
            && let Some(stem) = name.strip_suffix(".pt").or(name.strip_suffix(".pth"))
        {
            files.push(ProteinFile {
                name: format!("{prefix}{stem}"),
                path,
            });
        }
        if files.len() > MOST_FILES {
            return Err(FormatError::matrix(
                directory,
                format!("the directory has more than {MOST_FILES} files"),
                "give one file of embeddings",
            ));
        }
    }
    Ok(())
}

/// Reads the pickle of a file.
fn with_pickle<T>(
    file: &ProteinFile,
    read: impl FnOnce(&mut Archive, &Pickle<'_>) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    let path = &file.path;
    let unreadable = FormatError::unreadable(path);
    let mut opened = File::open(path).map_err(&unreadable)?;
    let mut start = [0; 64];
    let got = crate::partial_read::read_up_to(&mut opened, &mut start).map_err(&unreadable)?;
    if matches!(start[..got], [0x80, 2..=5, ..]) {
        return Err(super::refuse_pickle(path, &start[..got]));
    }
    let mut archive = Archive::open(path, opened)?;
    let bytes = archive.pickle(path)?;
    let pickle = machine::read(&bytes).map_err(|error| refused(path, error))?;
    read(&mut archive, &pickle)
}

/// Reads the array `suffix` of each file.
pub(super) fn open_files(
    files: &[ProteinFile],
    suffix: &[String],
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let mut bytes = 0u64;
    for file in files {
        let metadata = fs::metadata(&file.path).map_err(FormatError::unreadable(&file.path))?;
        bytes = bytes.saturating_add(metadata.len());
    }
    let mut unpacker = Unpacker::new(options, options.embeddings.pool, bytes)?;
    let mut names = Vec::with_capacity(files.len());
    for file in files {
        with_pickle(file, |archive, pickle| {
            let mut survey = Survey::new(pickle);
            let name = if survey.is_tensor() {
                survey.add_tensor(&file.name);
                file.name.as_str()
            } else {
                let name = survey::esm_label(pickle).unwrap_or(&file.name);
                survey.add_protein(name).map_err(too_many(&file.path))?;
                name
            };
            let (arrays, _) = survey.of_proteins(&[], suffix);
            let [array] = arrays.as_slice() else {
                return Err(FormatError::matrix(
                    &file.path,
                    format!("it has no tensor {}", suffix.join("/")),
                    "write all files with the same options of extract.py",
                ));
            };
            let in_file = OpenOptions {
                path: &file.path,
                ..*options
            };
            add(&mut unpacker, archive, pickle, array, &in_file)?;
            names.push(name.to_owned());
            Ok(())
        })?;
    }
    Ok(Opened {
        rows: unpacker.finish()?,
        accessions: Some(names),
    })
}
