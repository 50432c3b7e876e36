//! Reads the pickle of a PyTorch file without executing anything.
//!
//! A pickle is a program for a stack machine that can call any function of Python. This machine
//! knows the few calls that rebuild tensors and dictionaries, and refuses every other name before
//! it does anything with it. It has no code that could execute a call. Opcodes:
//! <https://github.com/python/cpython/blob/main/Lib/pickletools.py>.

mod calls;

use std::collections::HashMap;

use super::pickle::{
    Pickle,
    PickleError::{self, Damaged},
    Value,
};

/// Limit of the values in memory, in bytes. A tensor takes about 600.
const MAX_BYTES: usize = 768 << 20;
/// Limit of the values on the stack. Python writes containers in batches of 1,000 values.
const MAX_STACK: usize = 1 << 20;

type Result<T> = std::result::Result<T, PickleError>;

/// Reads a pickle.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle<'_>> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(Damaged("it is too long"));
    }
    let values = Pickle {
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
}
