//! Directories with one file of embeddings per protein.

use std::{fs, path::Path};

use super::{FormatError, OpenOptions, Opened, npz, protein_file::ProteinFile, torch};

/// Limit of the depth of directories: a name with a slash is in its own directory.
const DEEPEST: usize = 4;
/// Limit of the number of files.
const MOST_FILES: usize = 4 << 20;

/// Opens a directory of PyTorch files, or of NumPy files named by their proteins.
pub(super) fn open(options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let directory = options.path;
    let mut torch_files = Vec::new();
    list(directory, &[".pt", ".pth"], &mut torch_files)?;
    let mut numpy_files = Vec::new();
    list(directory, &[".npy"], &mut numpy_files)?;
    match (torch_files.is_empty(), numpy_files.is_empty()) {
        (false, true) => torch::open_directory(&torch_files, options),
        (true, false) => npz::open_files(&numpy_files, options),
        (true, true) => Err(FormatError::matrix(
            directory,
            "this is a directory without PyTorch files (.pt) and NumPy files (.npy)",
            "give a file of embeddings, the directory that ESM's extract.py wrote, or one with a file \
             ACCESSION.npy for each protein",
        )),
        (false, false) => Err(FormatError::matrix(
            directory,
            format!(
                "this directory has {} PyTorch files and {} NumPy files, which may be different \
                 embeddings",
                torch_files.len(),
                numpy_files.len()
            ),
            "give a directory with files of one kind",
        )),
    }
}

/// Lists the files whose names end so, sorted by their paths.
fn list(
    directory: &Path,
    endings: &[&str],
    files: &mut Vec<ProteinFile>,
) -> Result<(), FormatError> {
    add(directory, "", 0, endings, files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(())
}

fn add(
    directory: &Path,
    prefix: &str,
    depth: usize,
    endings: &[&str],
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
            add(
                &path,
                &format!("{prefix}{name}/"),
                depth + 1,
                endings,
                files,
            )?;
        } else if metadata.is_file()
            && let Some(stem) = endings.iter().find_map(|ending| name.strip_suffix(ending))
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
