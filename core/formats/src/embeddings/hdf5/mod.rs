//! Reads embeddings from HDF5.

mod survey;
mod vectors;

use std::{fs::File, path::Path};

use protea_hdf5::{Dataset, Hdf5, Hdf5Error, Kind, Node};

use super::{
    FormatError, MatrixReader, OpenOptions, Opened, Rows,
    arrays::Array,
    checked_shape,
    choice::{Choice, choose},
    scratch::ScratchRows,
};

pub(super) use survey::survey;
pub(super) use vectors::Vectors;

/// Adds the path to an error of the HDF5 reader.
fn in_file(path: &Path) -> impl Fn(Hdf5Error) -> FormatError {
    move |error| match error {
        Hdf5Error::Io(source) => FormatError::unreadable(path)(source),
        Hdf5Error::Invalid { problem, remedy } => FormatError::matrix(path, problem, remedy),
        other => FormatError::matrix(path, other.to_string(), "write it again with h5py"),
    }
}

/// Opens an HDF5 file and finds the embeddings in it.
pub(super) fn open(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    let with_path = in_file(path);
    let mut hdf5 = Hdf5::open(file).map_err(&with_path)?;
    let groups = survey(&mut hdf5).map_err(&with_path)?;
    match choose(&groups, options)? {
        Choice::Vectors(group, left_out) => {
            vectors::of_group(hdf5, &group, &left_out, options)?.with_vectors(left_out, options)
        }
        Choice::ProteinGroups(parent, suffix) => {
            vectors::of_protein_groups(hdf5, parent.handle, suffix, options)
        }
        Choice::Tree => vectors::of_tree(hdf5, options),
        Choice::Matrix(matrix, ids) => {
            let ids = ids
                .map(|ids| texts(&mut hdf5, &ids))
                .transpose()
                .map_err(&with_path)?;
            Ok(Opened::new(
                Rows::Matrix(matrix_of(path, hdf5, matrix.handle, options.scratch)?),
                ids,
            ))
        }
    }
}

fn dataset(hdf5: &mut Hdf5, at: u64) -> Result<Dataset, Hdf5Error> {
    match hdf5.node_at(at)? {
        Node::Dataset(dataset) => Ok(*dataset),
        Node::Group | Node::Other => Err(Hdf5Error::Invalid {
            problem: "a group of vectors contains an object that is not a vector".into(),
            remedy: "put the embeddings into a separate group and name it",
        }),
    }
}

fn texts(hdf5: &mut Hdf5, ids: &Array<u64>) -> Result<Vec<String>, Hdf5Error> {
    let dataset = dataset(hdf5, ids.handle)?;
    let mut texts = Vec::new();
    hdf5.read_strings(&dataset, |text| {
        texts.push(text);
        Ok(())
    })?;
    Ok(texts)
}

fn matrix_of(
    path: &Path,
    mut hdf5: Hdf5,
    at: u64,
    scratch: &Path,
) -> Result<MatrixReader, FormatError> {
    let with_path = in_file(path);
    let dataset = dataset(&mut hdf5, at).map_err(&with_path)?;
    let (&[rows, width], &Kind::Float { dtype, big_endian }) =
        (dataset.dims.as_slice(), &dataset.kind)
    else {
        return Err(FormatError::matrix(
            path,
            format!(
                "the embeddings are {}, not a matrix of numbers",
                dataset.describe()
            ),
            "give f16, f32 or f64 with one row per protein",
        ));
    };
    let shape = checked_shape(path, rows, width)?;
    if !big_endian && let Some(start) = hdf5.contiguous_offset(&dataset).map_err(&with_path)? {
        return MatrixReader::from_rows(path, hdf5.into_file(), start, shape, dtype);
    }
    let mut unpacked = ScratchRows::create(path, scratch)?;
    hdf5.read_values(&dataset, &mut |piece| {
        if big_endian {
            unpacked.push_swapped(piece, dtype.bytes())?;
        } else {
            unpacked.push(piece)?;
        }
        Ok(())
    })
    .map_err(&with_path)?;
    unpacked.finish(path, shape, dtype)
}
