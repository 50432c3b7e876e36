//! The names that a pickle of tensors may refer to. Every other name is refused.

use protea_hdf5::MatrixType;

use super::super::tensors::NumberType;

/// A known name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    Call(Call),
    /// A class of storages with numbers of a type; `None` for untyped bytes.
    Storage(Option<&'static str>),
    /// A type of numbers.
    Dtype(&'static str),
}

/// A call whose result is known without executing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`.
    Tensor,
    /// `torch._utils._rebuild_tensor_v3`, which also has a type.
    TypedTensor,
    /// `torch._utils._rebuild_parameter`: its first argument.
    Parameter,
    /// `torch.Size`: its argument.
    Size,
    /// `torch.device`: not needed.
    Device,
    OrderedDict,
}

/// Types of numbers, with the first part of the name of their class of storages.
const TYPES: [(&str, &str); 12] = [
    ("float16", "Half"),
    ("bfloat16", "BFloat16"),
    ("float32", "Float"),
    ("float64", "Double"),
    ("int8", "Char"),
    ("uint8", "Byte"),
    ("int16", "Short"),
    ("int32", "Int"),
    ("int64", "Long"),
    ("bool", "Bool"),
    ("complex64", "ComplexFloat"),
    ("complex128", "ComplexDouble"),
];

impl Global {
    /// The known name; `None` for any other.
    pub fn find(module: &str, name: &str) -> Option<Self> {
        let call = match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Call::Tensor,
            ("torch._utils", "_rebuild_tensor_v3") => Call::TypedTensor,
            ("torch._utils", "_rebuild_parameter") => Call::Parameter,
            ("torch", "Size") => Call::Size,
            ("torch", "device") => Call::Device,
            ("collections", "OrderedDict") => Call::OrderedDict,
            ("torch.storage" | "torch", "UntypedStorage") => return Some(Self::Storage(None)),
            ("torch", name) => {
                return TYPES.iter().find_map(|&(dtype, class)| {
                    if name == dtype {
                        Some(Self::Dtype(dtype))
                    } else {
                        let class = name.strip_suffix("Storage").filter(|&n| n == class);
                        class.map(|_| Self::Storage(Some(dtype)))
                    }
                });
            }
            _ => return None,
        };
        Some(Self::Call(call))
    }
}

/// The type with this name.
pub(super) fn number_type(name: &'static str) -> NumberType {
    match name {
        "float16" => NumberType::Float(MatrixType::F16),
        "float32" => NumberType::Float(MatrixType::F32),
        "float64" => NumberType::Float(MatrixType::F64),
        "bfloat16" => NumberType::Bf16,
        "int64" | "complex64" => NumberType::Other(name.to_owned(), 8),
        "complex128" => NumberType::Other(name.to_owned(), 16),
        "int32" => NumberType::Other(name.to_owned(), 4),
        "int16" => NumberType::Other(name.to_owned(), 2),
        _ => NumberType::Other(name.to_owned(), 1),
    }
}

/// A refused name for a message, shortened and without control characters.
pub(super) fn shown(module: &str, name: &str) -> String {
    let whole = format!("{module}.{name}");
    let short: String = whole.chars().take(80).collect();
    short.escape_debug().to_string()
}
