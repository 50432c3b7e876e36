//! Detects the format of a file of embeddings and opens it.

use std::{fs::File, path::Path};

use protea_ontology::{compressed::open_seekable, foreign::Foreign};

use super::{
    FormatError, MatrixReader, OpenOptions, Opened, Rows, column_order, directory, hdf5, npz,
    safetensors, table, torch,
};
use crate::npy::NpyFile;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Hdf5,
    /// A zip file: `.npz` or PyTorch.
    Zip,
    Parquet,
    /// Arrow IPC: Feather version 2, a file or a stream.
    Arrow,
    /// Feather version 1, which has another layout.
    FeatherOne,
    Npy,
    Safetensors,
    /// A pickle: the format of `torch.save` before PyTorch 1.6, or Python's own.
    Pickle,
    /// A table of text.
    Text,
}

impl Container {
    /// Detects the format from the first bytes; `None` for any other file.
    pub fn detect(start: &[u8]) -> Option<Self> {
        // If an HDF5 file has a user block, the signature is at a power of two from 512 on.
        let places = [0, 512, 1024, 2048]
            .into_iter()
            .filter_map(|at| start.get(at..));
        if places.clone().any(protea_hdf5::is_hdf5) {
            Some(Self::Hdf5)
        } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if start.starts_with(b"PAR1") {
            Some(Self::Parquet)
        } else if start.starts_with(b"ARROW1") || start.starts_with(&[0xff; 4]) {
            Some(Self::Arrow)
        } else if start.starts_with(b"FEA1") && !table::is_text(start) {
            Some(Self::FeatherOne)
        } else if start.starts_with(b"\x93NUMPY") {
            Some(Self::Npy)
        } else if safetensors::is_safetensors(start) {
            Some(Self::Safetensors)
        } else if matches!(start, [0x80, 2..=5, ..]) {
            Some(Self::Pickle)
        } else if table::is_text(start) {
            Some(Self::Text)
        } else {
            None
        }
    }
}

/// What a file of embeddings is, by its first bytes; `None` for text and files of another kind.
pub(crate) fn describe(path: &Path, scratch: &Path) -> Option<&'static str> {
    if path.is_dir() {
        return Some("a directory of embeddings");
    }
    let mut found = None;
    // Nothing is wanted, so nothing is decompressed.
    let opened = open_seekable(path, scratch, |start| {
        found = Container::detect(start).filter(|_| office(start).is_none());
        false
    });
    opened.ok()?;
    match found? {
        Container::Hdf5 => Some("embeddings in HDF5"),
        Container::Zip => zip_file(path),
        Container::Parquet => Some("embeddings in Parquet"),
        Container::Arrow => Some("embeddings in Feather (Arrow IPC)"),
        Container::FeatherOne => Some("a Feather file of version 1"),
        Container::Npy => Some("embeddings in NumPy (.npy)"),
        Container::Safetensors => Some("embeddings in safetensors"),
        Container::Pickle => Some("a pickle of Python"),
        Container::Text => None,
    }
}

/// The kind of a spreadsheet or document, which is a zip file.
fn office(start: &[u8]) -> Option<Foreign> {
    let found = Foreign::recognize(start);
    found.filter(|found| matches!(found, Foreign::Spreadsheet | Foreign::OfficeDocument))
}

/// What a zip file is; `None` if it has neither tensors nor arrays.
fn zip_file(path: &Path) -> Option<&'static str> {
    let file = File::open(path).ok()?;
    if torch::is_torch(path, &file).ok()? {
        return Some("embeddings in PyTorch (.pt)");
    }
    npz::is_npz(&file).then_some("embeddings in NumPy (.npz)")
}

/// Opens a file or directory and finds the embeddings in it.
pub(super) fn open(options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    if path.is_dir() {
        return directory::open(options);
    }
    let mut foreign = None;
    let known = |start: &[u8]| {
        let known = Container::detect(start);
        if matches!(known, None | Some(Container::Text)) {
            foreign = Foreign::recognize(start);
        }
        known.is_some() && foreign.is_none()
    };
    let opened =
        open_seekable(path, options.scratch, known).map_err(FormatError::unreadable(path))?;
    let found = opened.and_then(|opened| Some((Container::detect(&opened.start)?, opened)));
    if let Some(foreign) = foreign {
        return Err(FormatError::Foreign {
            path: path.to_owned(),
            content: foreign,
        });
    }
    let Some((container, opened)) = found else {
        return Err(FormatError::matrix(
            path,
            "this is not a file of embeddings",
            "give .npy, .npz, HDF5, Parquet, Feather, .pt, .safetensors, CSV or TSV; \
             numpy.save('matrix.npy', matrix) writes one",
        ));
    };
    if container == Container::Zip
        && let Some(content) = office(&opened.start)
    {
        return Err(FormatError::Foreign {
            path: path.to_owned(),
            content,
        });
    }
    let file = opened.file;
    match container {
        Container::Hdf5 => hdf5::open(file, options),
        Container::Zip if torch::is_torch(path, &file)? => torch::open(file, options),
        Container::Zip if !npz::is_npz(&file) => Err(FormatError::Foreign {
            path: path.to_owned(),
            content: Foreign::recognize(&opened.start).unwrap_or(Foreign::Zip),
        }),
        Container::Zip => npz::open(file, options),
        Container::Parquet => open_parquet(file, options),
        Container::Arrow => open_arrow(file, options),
        Container::FeatherOne => Err(FormatError::matrix(
            path,
            "this is a Feather file of version 1, which is not read",
            "save it as version 2: pyarrow.feather.write_feather(pyarrow.feather.read_table('FILE'), \
             'embeddings.feather')",
        )),
        Container::Safetensors => safetensors::open(file, options),
        Container::Pickle => Err(torch::refuse_pickle(path, &opened.start)),
        Container::Text => table::open(file, options),
        Container::Npy => {
            let names = &options.embeddings.names;
            if let Some(name) = names.matrix.as_ref().or(names.ids.as_ref()) {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "an .npy file has one matrix without a name, so nothing is named {name:?}"
                    ),
                    "omit the name",
                ));
            }
            let npy = NpyFile::read(path, file)?;
            let matrix = if npy.layout.by_column {
                column_order::transpose(path, npy, options.scratch)?
            } else {
                MatrixReader::from_npy(path, npy)
            };
            Ok(Opened::new(Rows::Matrix(matrix), None))
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    super::parquet::open(file, options)
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(_file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    Err(FormatError::NotBuilt {
        path: options.path.to_owned(),
        format: "Parquet",
        feature: "parquet",
    })
}

#[cfg(feature = "parquet")]
fn open_arrow(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    super::arrow::open(file, options)
}

#[cfg(not(feature = "parquet"))]
fn open_arrow(_file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    Err(FormatError::NotBuilt {
        path: options.path.to_owned(),
        format: "Feather",
        feature: "parquet",
    })
}
