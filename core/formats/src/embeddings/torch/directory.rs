//! Reads one PyTorch file per protein, as ESM's `extract.py` writes them.

use std::fs::{self, File};

use super::{
    super::{
        FormatError, OpenOptions, Opened, arrays::INSPECTED, protein_file::ProteinFile,
        protein_groups, tensors::Unpacker,
    },
    add,
    archive::Archive,
    machine,
    pickle::Pickle,
    refused,
    survey::{self, Survey},
    too_many,
};

/// Finds the embeddings in the files of a directory.
pub(in super::super) fn open(
    files: &[ProteinFile],
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
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
    open_files(files, &suffix, options)
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
    unpacker.finish(Some(names))
}
