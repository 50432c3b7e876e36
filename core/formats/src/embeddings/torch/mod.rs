//! Reads embeddings from PyTorch files, and from directories with one file per protein.

mod archive;
mod directory;
mod globals;
mod machine;
mod pickle;
mod survey;

use std::{fs::File, path::Path};

use archive::Archive;
use pickle::{Pickle, PickleError, Value};
use survey::{Handle, Survey};

use super::{
    FormatError, OpenOptions, Opened,
    arrays::Array,
    choice::{Choice, choose},
    protein_file::ProteinFile,
    protein_groups,
    tensors::Unpacker,
};

pub(super) use archive::is_torch;
pub(super) use directory::open as open_directory;

/// The start of a file of `torch.save` before PyTorch 1.6: the pickle of a magic number.
const LEGACY: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// The error for a pickle that is not in a PyTorch file.
pub(super) fn refuse_pickle(path: &Path, start: &[u8]) -> FormatError {
    if start.get(2..).is_some_and(|rest| rest.starts_with(LEGACY)) {
        return FormatError::Pickle {
            path: path.to_owned(),
            problem: "this is a PyTorch file in the format before PyTorch 1.6, which is not read"
                .into(),
            remedy: "save it again with a newer PyTorch: torch.save(torch.load(path, \
                     map_location='cpu'), 'new.pt')",
        };
    }
    FormatError::Pickle {
        path: path.to_owned(),
        problem: "this is a Python pickle, a program, which is not read".into(),
        remedy: "load it in Python and save numbers: numpy.savez('embeddings.npz', \
                 ids=numpy.array(list(d)).astype(str), vectors=numpy.array(list(d.values()), \
                 dtype='float32'))",
    }
}

/// The error for a pickle in a PyTorch file.
fn refused(path: &Path, error: PickleError) -> FormatError {
    match error {
        PickleError::Damaged(problem) => {
            archive::damaged(path, &format!("its pickle cannot be read: {problem}"))
        }
        PickleError::Refused(name) if name.contains("numpy") => FormatError::Pickle {
            path: path.to_owned(),
            problem: format!(
                "the PyTorch file has NumPy objects ({name}) instead of tensors; nothing of it was \
                 executed"
            ),
            remedy: "save tensors: torch.save({k: torch.as_tensor(v) for k, v in d.items()}, \
                     'new.pt')",
        },
        PickleError::Refused(name) => FormatError::Pickle {
            path: path.to_owned(),
            problem: format!(
                "the pickle of the PyTorch file uses {name}, which is not a tensor or a plain \
                 value; nothing of it was executed"
            ),
            remedy: "save plain tensors: torch.save({accession: tensor, …}, 'new.pt')",
        },
    }
}

/// Opens a PyTorch file and finds the embeddings in it.
pub(super) fn open(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    let mut archive = Archive::open(path, file)?;
    let bytes = archive.pickle(path)?;
    let pickle = machine::read(&bytes).map_err(|error| refused(path, error))?;
    if let Some(label) = survey::esm_label(&pickle) {
        let mut survey = Survey::new(&pickle);
        survey.add_protein(label).map_err(too_many(path))?;
        let suffix = protein_groups::only(&survey.groups, options)?;
        return directory::open_files(
            &[ProteinFile {
                path: path.to_owned(),
                name: label.to_owned(),
            }],
            &suffix,
            options,
        );
    }
    let mut survey = Survey::new(&pickle);
    survey.add_root().map_err(too_many(path))?;
    let mut vectors = None;
    let choice = choose(&survey.groups, options).map_err(|error| match error {
        FormatError::Choice {
            path,
            problem,
            contents,
            remedy,
        } => FormatError::Choice {
            path,
            problem: format!("{problem} (this is a PyTorch file)"),
            contents,
            remedy,
        },
        other => other,
    })?;
    let (arrays, pool, names) = match choice {
        Choice::Matrix(matrix, ids) => {
            let names = ids.map(|ids| survey.texts(&ids));
            (vec![matrix], None, names)
        }
        Choice::Vectors(group, left_out) => {
            vectors = Some(left_out);
            let names = group.arrays.iter().map(|a| group.base_name(a).to_owned());
            let names = names.collect();
            (group.arrays, options.embeddings.pool, Some(names))
        }
        Choice::Tree => {
            let groups = survey.groups.iter();
            let arrays: Vec<_> = groups.flat_map(|group| group.arrays.clone()).collect();
            let names = arrays.iter().map(|array| array.name.clone()).collect();
            (arrays, options.embeddings.pool, Some(names))
        }
        Choice::ProteinGroups(parent, suffix) => {
            let (arrays, names) = survey.of_proteins(&parent.path, &suffix);
            (arrays, options.embeddings.pool, Some(names))
        }
    };
    let mut unpacker = Unpacker::new(options, pool, archive.bytes)?;
    for array in &arrays {
        add(&mut unpacker, &mut archive, &pickle, array, options)?;
    }
    let opened = unpacker.finish(names)?;
    match vectors {
        Some(left_out) => opened.with_vectors(left_out, options),
        None => Ok(opened),
    }
}

fn too_many(path: &Path) -> impl Fn(survey::TooMany) -> FormatError {
    |_| archive::damaged(path, "it has too many arrays")
}

/// Copies the rows of a tensor.
fn add(
    unpacker: &mut Unpacker<'_>,
    archive: &mut Archive,
    pickle: &Pickle<'_>,
    array: &Array<Handle>,
    options: &OpenOptions<'_>,
) -> Result<(), FormatError> {
    let path = options.path;
    let Handle(Value::Tensor(at)) = array.handle else {
        return Err(FormatError::matrix(
            path,
            format!("{} is not a tensor", array.name),
            "save tensors: torch.save({accession: tensor, …}, 'new.pt')",
        ));
    };
    let (tensor, storage) = &pickle.tensors[at as usize];
    let key = &pickle.storages[*storage as usize].key;
    let mut storage = archive.storage(path, key, options.scratch)?;
    unpacker.add(&array.name, tensor, &mut storage)
}
