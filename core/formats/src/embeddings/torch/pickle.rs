//! Reads the pickle of a PyTorch file without executing anything.
//!
//! A pickle is a program for a stack machine that can call any function of Python. This machine
//! knows the few calls that rebuild tensors and dictionaries, and refuses every other name before
//! it does anything with it. It has no code that could execute a call. Opcodes:
//! <https://github.com/python/cpython/blob/main/Lib/pickletools.py>.

use std::collections::HashMap;

use super::{
    super::tensors::Tensor,
    globals::{Call, Global},
};

/// Limit of the values in memory, in bytes. A tensor takes about 600.
const MAX_BYTES: usize = 768 << 20;
/// Limit of the values on the stack. Python writes containers in batches of 1,000 values.
const MAX_STACK: usize = 1 << 20;
/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 16;

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

use PickleError::Damaged;

type Result<T> = std::result::Result<T, PickleError>;

/// The values of a pickle.
pub(super) struct Pickle<'p> {
    bytes: &'p [u8],
    pub root: Value,
    tuples: Vec<Box<[Value]>>,
    lists: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    pub storages: Vec<StorageName>,
    pub tensors: Vec<(Tensor, u32)>,
}

impl<'p> Pickle<'p> {
    /// Reads a pickle.
    pub fn read(bytes: &'p [u8]) -> Result<Self> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Damaged("it is too long"));
        }
        let values = Self {
            bytes,
            root: Value::None,
            tuples: Vec::new(),
            lists: Vec::new(),
            dicts: Vec::new(),
            storages: Vec::new(),
            tensors: Vec::new(),
        };
        Machine {
            values,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            keys: HashMap::new(),
            left: MAX_BYTES,
        }
        .run()
    }

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

struct Machine<'p> {
    values: Pickle<'p>,
    at: usize,
    stack: Vec<Value>,
    /// Lengths of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    /// The storages by their keys: tensors can share one.
    keys: HashMap<String, u32>,
    /// Bytes of memory that may still be used.
    left: usize,
}

impl<'p> Machine<'p> {
    fn run(mut self) -> Result<Pickle<'p>> {
        loop {
            let opcode = self.byte()?;
            if opcode == b'.' {
                self.values.root = self.pop()?;
                return Ok(self.values);
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            // PROTO, FRAME
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            // MARK, POP, POP_MARK, DUP
            b'(' => {
                self.spend(8)?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.pop_mark().map(drop),
            b'2' => {
                let top = self.pop()?;
                self.push(top)?;
                self.push(top)
            }
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
            b'J' => {
                let number = self.uint(4)? as u32;
                self.push(Value::Int(i64::from(number.cast_signed())))
            }
            b'K' => self.int(1),
            b'M' => self.int(2),
            0x8a => self.long(1),
            0x8b => self.long(4),
            b'G' => {
                self.take(8)?;
                self.push(Value::Opaque)
            }
            // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, and byte strings, which Python 2 wrote
            b'X' | b'T' | b'B' => self.string(4),
            0x8c | b'U' | b'C' => self.string(1),
            0x8d | 0x8e => self.string(8),
            // EMPTY_LIST, APPEND, APPENDS, LIST
            b']' => self.new_list(Vec::new()),
            b'a' => {
                let value = self.pop()?;
                self.append(&[value])
            }
            b'e' => {
                let values = self.pop_mark()?;
                self.append(&values)
            }
            b'l' => {
                let values = self.pop_mark()?;
                self.new_list(values)
            }
            // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
            b')' => self.tuple(Vec::new()),
            0x85..=0x87 => {
                let start = self.depth(usize::from(opcode - 0x84))?;
                let values = self.stack.split_off(start);
                self.tuple(values)
            }
            b't' => {
                let values = self.pop_mark()?;
                self.tuple(values)
            }
            // EMPTY_DICT, SETITEM, SETITEMS, DICT
            b'}' => self.new_dict(Vec::new()),
            b's' => {
                let start = self.depth(2)?;
                let values = self.stack.split_off(start);
                self.set_items(&values)
            }
            b'u' => {
                let values = self.pop_mark()?;
                self.set_items(&values)
            }
            b'd' => {
                let values = self.pop_mark()?;
                self.new_dict(Vec::new())?;
                self.set_items(&values)
            }
            // GLOBAL, STACK_GLOBAL, REDUCE, BUILD, BINPERSID
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.global(module, name)
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (module, name) = (self.values.text(module), self.values.text(name));
                match (module, name) {
                    (Some(module), Some(name)) => self.global(module, name),
                    _ => Err(Damaged("a name is not a string")),
                }
            }
            b'R' => self.reduce(),
            // The attributes of an ordered dictionary, such as the versions of a state, are not
            // needed.
            b'b' => match (self.pop()?, self.stack.last()) {
                (_, Some(Value::Dict(_))) => Ok(()),
                _ => Err(PickleError::Refused("__setstate__".into())),
            },
            b'Q' => self.persistent(),
            // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
            b'q' => self.put(1),
            b'r' => self.put(4),
            0x94 => self.memoize(self.memo.len() as u32),
            b'h' => self.get(1),
            b'j' => self.get(4),
            // Opcodes that create objects of classes.
            b'i' | b'o' | 0x81 | 0x92 => Err(PickleError::Refused("a class".into())),
            0x82..=0x84 => Err(PickleError::Refused("copyreg extensions".into())),
            _ => Err(Damaged("it has an opcode that torch.save does not write")),
        }
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or(Damaged("its values take too much memory"))?;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'p [u8]> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.values.bytes.get(self.at..end));
        let taken = taken.ok_or(Damaged("it is cut off"))?;
        self.at += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn uint(&mut self, width: usize) -> Result<u64> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
    }

    fn line(&mut self) -> Result<&'p str> {
        let rest = &self.values.bytes[self.at..];
        let length = rest.iter().take(256).position(|&b| b == b'\n');
        let length = length.ok_or(Damaged("a name is too long"))?;
        let line = self.take(length)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| Damaged("a name is not UTF-8"))
    }

    fn push(&mut self, value: Value) -> Result<()> {
        if self.stack.len() >= MAX_STACK {
            return Err(Damaged("its values take too much memory"));
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value> {
        let above = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= above {
            return Err(Damaged("its stack is empty"));
        }
        self.stack.pop().ok_or(Damaged("its stack is empty"))
    }

    /// The position of the lowest of the top `count` values.
    fn depth(&self, count: usize) -> Result<usize> {
        self.stack
            .len()
            .checked_sub(count)
            .ok_or(Damaged("its stack is empty"))
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().ok_or(Damaged("a mark is missing"))?;
        if mark > self.stack.len() {
            return Err(Damaged("its stack is empty"));
        }
        Ok(self.stack.split_off(mark))
    }

    fn int(&mut self, width: usize) -> Result<()> {
        let number = self.uint(width)?;
        self.push(Value::Int(number.cast_signed()))
    }

    fn long(&mut self, width: usize) -> Result<()> {
        let length = self.uint(width)? as usize;
        let bytes = self.take(length)?;
        self.push(match bytes {
            [] => Value::Int(0),
            [.., last] if length <= 8 => {
                let sign = if last & 0x80 == 0 { 0 } else { u64::MAX };
                let number = bytes.iter().rev().fold(sign, |n, &b| n << 8 | u64::from(b));
                Value::Int(number.cast_signed())
            }
            _ => Value::Opaque,
        })
    }

    fn string(&mut self, width: usize) -> Result<()> {
        let length = usize::try_from(self.uint(width)?).map_err(|_| Damaged("it is cut off"))?;
        let start = self.at;
        self.take(length)?;
        self.push(Value::Text(start as u32, length as u32))
    }

    fn tuple(&mut self, values: Vec<Value>) -> Result<()> {
        self.spend(32 + size_of_val(values.as_slice()))?;
        let at = self.values.tuples.len() as u32;
        self.values.tuples.push(values.into_boxed_slice());
        self.push(Value::Tuple(at))
    }

    fn new_list(&mut self, values: Vec<Value>) -> Result<()> {
        self.spend(32 + size_of_val(values.as_slice()))?;
        let at = self.values.lists.len() as u32;
        self.values.lists.push(values);
        self.push(Value::List(at))
    }

    fn append(&mut self, values: &[Value]) -> Result<()> {
        self.spend(2 * size_of_val(values))?;
        let Some(Value::List(at)) = self.stack.last() else {
            return Err(Damaged("it appends to something that is not a list"));
        };
        self.values.lists[*at as usize].extend_from_slice(values);
        Ok(())
    }

    fn new_dict(&mut self, entries: Vec<(Value, Value)>) -> Result<()> {
        self.spend(32)?;
        let at = self.values.dicts.len() as u32;
        self.values.dicts.push(entries);
        self.push(Value::Dict(at))
    }

    fn set_items(&mut self, values: &[Value]) -> Result<()> {
        self.spend(2 * size_of_val(values))?;
        let Some(Value::Dict(at)) = self.stack.last() else {
            return Err(Damaged(
                "it sets an item of something that is not a dictionary",
            ));
        };
        let (pairs, rest) = values.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(Damaged("a key has no value"));
        }
        let entries = pairs.iter().map(|&[key, value]| (key, value));
        self.values.dicts[*at as usize].extend(entries);
        Ok(())
    }

    fn put(&mut self, width: usize) -> Result<()> {
        let key = self.uint(width)? as u32;
        self.memoize(key)
    }

    fn memoize(&mut self, key: u32) -> Result<()> {
        let top = *self.stack.last().ok_or(Damaged("its stack is empty"))?;
        self.spend(48)?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn get(&mut self, width: usize) -> Result<()> {
        let key = self.uint(width)? as u32;
        let value = *self
            .memo
            .get(&key)
            .ok_or(Damaged("it refers to a value that it does not have"))?;
        self.push(value)
    }

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let known = Global::find(module, name);
        let known =
            known.ok_or_else(|| PickleError::Refused(super::globals::shown(module, name)))?;
        self.push(Value::Global(known))
    }

    fn reduce(&mut self) -> Result<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Value::Tuple(at) = arguments else {
            return Err(Damaged("the arguments of a call are not a tuple"));
        };
        let Value::Global(Global::Call(call)) = function else {
            return Err(Damaged("it calls something that is not a function"));
        };
        let arguments = &self.values.tuples[at as usize];
        match (call, &**arguments) {
            (Call::OrderedDict, []) => self.new_dict(Vec::new()),
            (Call::Size, [sizes]) => {
                let sizes = *sizes;
                self.push(sizes)
            }
            (Call::Device, _) => self.push(Value::None),
            (Call::Parameter, [tensor @ Value::Tensor(_), ..]) => {
                let tensor = *tensor;
                self.push(tensor)
            }
            (Call::Tensor, &[storage, offset, size, stride, ..]) => {
                self.tensor(storage, offset, size, stride, None)
            }
            (Call::TypedTensor, &[storage, offset, size, stride, _, _, dtype, ..]) => {
                self.tensor(storage, offset, size, stride, Some(dtype))
            }
            _ => Err(Damaged("a call has other arguments than torch.save writes")),
        }
    }

    fn numbers(&self, value: Value) -> Result<Vec<u64>> {
        let invalid = Damaged("the shape of a tensor is invalid");
        let items = self.values.items(value).ok_or(invalid.clone())?;
        if items.len() > MOST_DIMENSIONS {
            return Err(invalid);
        }
        let numbers = items.iter().map(|item| match item {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        });
        numbers.collect::<Option<_>>().ok_or(invalid)
    }

    fn tensor(
        &mut self,
        storage: Value,
        offset: Value,
        size: Value,
        stride: Value,
        dtype: Option<Value>,
    ) -> Result<()> {
        let invalid = Damaged("a tensor is outside its storage");
        let (Value::Storage(storage), Value::Int(offset)) = (storage, offset) else {
            return Err(Damaged("a tensor has no storage"));
        };
        let found = &self.values.storages[storage as usize];
        let dtype = match (dtype, found.dtype) {
            (Some(Value::Global(Global::Dtype(name))), _) | (None, Some(name)) => name,
            _ => return Err(Damaged("a tensor has no type")),
        };
        let dtype = super::globals::number_type(dtype);
        let bytes = match found.dtype {
            Some(stored) => super::globals::number_type(stored).bytes(),
            None => 1,
        };
        let available = found.elements.checked_mul(bytes).ok_or(invalid.clone())?;
        let (dims, strides) = (self.numbers(size)?, self.numbers(stride)?);
        if dims.len() != strides.len() {
            return Err(Damaged("the shape of a tensor is invalid"));
        }
        let tensor = Tensor {
            dtype,
            offset: u64::try_from(offset).map_err(|_| invalid.clone())?,
            dims,
            strides,
        };
        let end = tensor.span().and_then(|span| {
            span.checked_add(tensor.offset)?
                .checked_mul(tensor.dtype.bytes())
        });
        if tensor.elements().is_none() || end.is_none_or(|end| end > available) {
            return Err(invalid);
        }
        self.spend(128 + 16 * tensor.dims.len())?;
        let at = self.values.tensors.len() as u32;
        self.values.tensors.push((tensor, storage));
        self.push(Value::Tensor(at))
    }

    /// `('storage', torch.FloatStorage, '0', 'cpu', 12)`.
    fn persistent(&mut self) -> Result<()> {
        let id = self.pop()?;
        let invalid = Damaged("a storage is invalid");
        let items = self.values.items(id).ok_or(invalid.clone())?;
        let &[
            kind,
            Value::Global(Global::Storage(dtype)),
            key,
            _,
            Value::Int(elements),
            ..,
        ] = items
        else {
            return Err(invalid);
        };
        let (Some("storage"), Some(key)) = (self.values.text(kind), self.values.text(key)) else {
            return Err(invalid);
        };
        let elements = u64::try_from(elements).map_err(|_| invalid)?;
        if let Some(&at) = self.keys.get(key) {
            let known = &self.values.storages[at as usize];
            if known.dtype == dtype && known.elements == elements {
                return self.push(Value::Storage(at));
            }
        }
        self.spend(160 + 2 * key.len())?;
        let at = self.values.storages.len() as u32;
        self.keys.insert(key.to_owned(), at);
        self.values.storages.push(StorageName {
            key: key.to_owned(),
            dtype,
            elements,
        });
        self.push(Value::Storage(at))
    }
}
