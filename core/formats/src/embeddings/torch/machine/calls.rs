//! The names and calls of a pickle that rebuild tensors and dictionaries.

use super::{
    super::{
        super::tensors::Tensor,
        globals::{Call, Global, number_type, shown},
        pickle::{
            PickleError::{self, Damaged},
            StorageName, Value,
        },
    },
    Machine, Result,
};

/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 16;

impl Machine<'_> {
    pub(super) fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let known = Global::find(module, name);
        let known = known.ok_or_else(|| PickleError::Refused(shown(module, name)))?;
        self.push(Value::Global(known))
    }

    pub(super) fn reduce(&mut self) -> Result<()> {
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
        let dtype = number_type(dtype);
        let bytes = match found.dtype {
            Some(stored) => number_type(stored).bytes(),
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
    pub(super) fn persistent(&mut self) -> Result<()> {
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
