//! The values of a pickle.

use super::{super::tensors::Tensor, globals::Global};

/// A value. Strings are ranges of the pickle; containers are indices, so that values are small and
/// neither cycles nor deep nesting matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A value that is only skipped: a number that is not needed, or one that is too long.
    Opaque,
    Text(u32, u32),
    Tuple(u32),
    List(u32),
    Dict(u32),
    Global(Global),
    Storage(u32),
    Tensor(u32),
}

/// A storage that tensors refer to.
#[derive(Debug, Clone)]
pub(super) struct StorageName {
    /// The name of its file in the archive.
    pub key: String,
    /// The type of its numbers; `None` if only the tensors say it.
    pub dtype: Option<&'static str>,
    /// Number of elements, or bytes without a type.
    pub elements: u64,
}

/// Why a pickle is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PickleError {
    /// It names something that is not in the list of known names.
    Refused(String),
    /// It is cut off or contradicts itself.
    Damaged(&'static str),
}

/// The values of a pickle.
pub(super) struct Pickle<'p> {
    pub bytes: &'p [u8],
    pub root: Value,
    pub tuples: Vec<Box<[Value]>>,
    pub lists: Vec<Vec<Value>>,
    pub dicts: Vec<Vec<(Value, Value)>>,
    pub storages: Vec<StorageName>,
    pub tensors: Vec<(Tensor, u32)>,
}

impl<'p> Pickle<'p> {
    /// The text of a string.
    pub fn text(&self, value: Value) -> Option<&'p str> {
        let Value::Text(start, length) = value else {
            return None;
        };
        let bytes = self.bytes.get(start as usize..)?.get(..length as usize)?;
        std::str::from_utf8(bytes).ok()
    }

    /// The values of a list or tuple.
    pub fn items(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::List(at) => self.lists.get(at as usize).map(Vec::as_slice),
            Value::Tuple(at) => self.tuples.get(at as usize).map(|items| &**items),
            _ => None,
        }
    }

    /// The entries of a dictionary.
    pub fn entries(&self, value: Value) -> Option<&[(Value, Value)]> {
        match value {
            Value::Dict(at) => self.dicts.get(at as usize).map(Vec::as_slice),
            _ => None,
        }
    }
}
