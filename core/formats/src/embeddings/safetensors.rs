//! Reads embeddings from safetensors.
//!
//! A file is the length of a header, the header in JSON, and the numbers. We do not use the crate
//! `safetensors`: it needs the whole file in memory or mapped, and brings a second version of
//! `hashbrown`. Format: <https://huggingface.co/docs/safetensors/index#format>.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use protea_hdf5::MatrixType;
use serde_json::{Map, Value};

use super::{
    FormatError, OpenOptions, Opened,
    arrays::{Array, ArrayGroup},
    choice::{Choice, choose},
    tensors::{NumberType, Storage, Tensor, Unpacker},
};

/// Limit of the header, the same as that of the reference implementation.
const LARGEST_HEADER: u64 = 100_000_000;
/// The entry of the header with descriptions instead of a tensor.
const METADATA: &str = "__metadata__";

/// Whether a file starts with a plausible length and the start of a JSON object.
pub(super) fn is_safetensors(start: &[u8]) -> bool {
    match start.split_first_chunk::<8>() {
        Some((length, [b'{', b'"' | b'}' | b' ', ..])) => {
            (2..=LARGEST_HEADER).contains(&u64::from_le_bytes(*length))
        }
        _ => false,
    }
}

fn damaged(path: &Path, problem: &str) -> FormatError {
    FormatError::matrix(
        path,
        format!("the safetensors file is damaged: {problem}"),
        "copy the file again, or save it again with safetensors.torch.save_file",
    )
}

/// Opens a file and finds the embeddings in it.
pub(super) fn open(mut file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    let unreadable = FormatError::unreadable(path);
    let size = file.metadata().map_err(&unreadable)?.len();
    let header = read_header(&mut file, size, path)?;
    let start = 8 + header.bytes;
    let group = ArrayGroup {
        path: Vec::new(),
        total: header.tensors.len(),
        arrays: header
            .tensors
            .iter()
            .enumerate()
            .map(|(handle, (name, tensor, _))| Array {
                name: name.clone(),
                dims: tensor.dims.clone(),
                kind: tensor.dtype.kind(),
                handle,
            })
            .collect(),
        handle: 0,
    };
    let (arrays, pool, named) = match choose(&[group], options) {
        Ok(Choice::Matrix(matrix, _)) => (vec![matrix], None, None),
        Ok(Choice::Vectors(group, left_out)) => {
            (group.arrays, options.embeddings.pool, Some(left_out))
        }
        // All tensors are in one group.
        Ok(Choice::ProteinGroups(..) | Choice::Tree) => {
            return Err(damaged(path, "it has no tensors"));
        }
        Err(error) => return Err(error),
    };
    let mut unpacker = Unpacker::new(options, pool, size)?;
    for array in &arrays {
        let (name, tensor, (from, to)) = &header.tensors[array.handle];
        let mut storage = Storage {
            file: &mut file,
            at: start + from,
            bytes: to - from,
            big_endian: false,
        };
        unpacker.add(name, tensor, &mut storage)?;
    }
    let names = arrays.into_iter().map(|array| array.name).collect();
    match named {
        Some(left_out) => unpacker
            .finish(Some(names))?
            .with_vectors(left_out, options),
        None => unpacker.finish(None),
    }
}

struct Header {
    /// Length of the JSON.
    bytes: u64,
    /// Name, shape and the range of bytes after the header.
    tensors: Vec<(String, Tensor, (u64, u64))>,
}

fn read_header(file: &mut File, size: u64, path: &Path) -> Result<Header, FormatError> {
    let unreadable = FormatError::unreadable(path);
    let mut length = [0; 8];
    file.seek(SeekFrom::Start(0)).map_err(&unreadable)?;
    file.read_exact(&mut length).map_err(&unreadable)?;
    let bytes = u64::from_le_bytes(length);
    if bytes > LARGEST_HEADER || bytes.saturating_add(8) > size {
        return Err(damaged(path, "its header is cut off"));
    }
    let mut json = vec![0; bytes as usize];
    file.read_exact(&mut json).map_err(&unreadable)?;
    let json: Map<String, Value> =
        serde_json::from_slice(&json).map_err(|_| damaged(path, "its header is not JSON"))?;
    let mut tensors = Vec::with_capacity(json.len());
    for (name, entry) in json {
        if name != METADATA {
            let (tensor, range) = tensor(&entry)
                .ok_or_else(|| damaged(path, &format!("the entry of {name:?} is invalid")))?;
            tensors.push((name, tensor, range));
        }
    }
    // The tensors fill the rest of the file without holes, which also excludes repeated names.
    tensors.sort_by_key(|(_, _, range)| *range);
    let mut end = 0;
    for (name, tensor, (from, to)) in &tensors {
        let expected = tensor
            .elements()
            .and_then(|elements| elements.checked_mul(tensor.dtype.bytes()));
        // The size of other types is not known.
        let other = matches!(tensor.dtype, NumberType::Other(..));
        if *from != end || to < from || (!other && expected != Some(to - from)) {
            return Err(damaged(
                path,
                &format!("the offsets of {name:?} do not match its shape"),
            ));
        }
        end = *to;
    }
    if end != size - 8 - bytes {
        return Err(damaged(
            path,
            "it is cut off, or has bytes after its tensors",
        ));
    }
    Ok(Header { bytes, tensors })
}

/// Parses `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`.
fn tensor(entry: &Value) -> Option<(Tensor, (u64, u64))> {
    let dtype = match entry.get("dtype")?.as_str()? {
        "F16" => NumberType::Float(MatrixType::F16),
        "F32" => NumberType::Float(MatrixType::F32),
        "F64" => NumberType::Float(MatrixType::F64),
        "BF16" => NumberType::Bf16,
        other => NumberType::Other(other.chars().take(12).collect(), 0),
    };
    let dims = entry.get("shape")?.as_array()?;
    let dims = dims.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?;
    let [from, to] = entry.get("data_offsets")?.as_array()?.as_slice() else {
        return None;
    };
    let tensor = Tensor::contiguous(dtype, dims)?;
    Some((tensor, (from.as_u64()?, to.as_u64()?)))
}
