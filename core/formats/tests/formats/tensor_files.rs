//! Writes PyTorch and safetensors files, byte for byte as `torch.save` and `save_file` lay them out.

use std::io::Write;

use half::{bf16, f16};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The type of a storage, with the name of its class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    Half,
    BFloat16,
    Float,
    Double,
    Long,
}

impl Dtype {
    fn class(self) -> &'static str {
        match self {
            Self::Half => "HalfStorage",
            Self::BFloat16 => "BFloat16Storage",
            Self::Float => "FloatStorage",
            Self::Double => "DoubleStorage",
            Self::Long => "LongStorage",
        }
    }

    pub fn encode(self, numbers: &[f32]) -> Vec<u8> {
        let each = |number: &f32| match self {
            Self::Half => f16::from_f32(*number).to_le_bytes().to_vec(),
            Self::BFloat16 => bf16::from_f32(*number).to_le_bytes().to_vec(),
            Self::Float => number.to_le_bytes().to_vec(),
            Self::Double => f64::from(*number).to_le_bytes().to_vec(),
            Self::Long => (*number as i64).to_le_bytes().to_vec(),
        };
        numbers.iter().flat_map(each).collect()
    }
}

/// A pickle that grows by opcodes, in protocol 2 as `torch.save` uses it.
pub struct Pickle(pub Vec<u8>);

impl Pickle {
    pub fn new() -> Self {
        Self(b"\x80\x02".to_vec())
    }

    pub fn raw(mut self, opcodes: &[u8]) -> Self {
        self.0.extend(opcodes);
        self
    }

    pub fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    pub fn text(mut self, text: &str) -> Self {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.raw(text.as_bytes())
    }

    pub fn int(mut self, number: usize) -> Self {
        self.0.push(b'J');
        self.raw(&(number as u32).to_le_bytes())
    }

    pub fn ints(self, numbers: &[usize]) -> Self {
        let open = self.raw(b"(");
        numbers.iter().fold(open, |p, &n| p.int(n)).raw(b"t")
    }

    /// `_rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict())`
    pub fn tensor(
        self,
        dtype: Dtype,
        (key, elements): (usize, usize),
        offset: usize,
        size: &[usize],
        stride: &[usize],
    ) -> Self {
        self.global("torch._utils", "_rebuild_tensor_v2")
            .raw(b"((")
            .text("storage")
            .global("torch", dtype.class())
            .text(&key.to_string())
            .text("cpu")
            .int(elements)
            .raw(b"tQ")
            .int(offset)
            .ints(size)
            .ints(stride)
            .raw(b"\x89")
            .global("collections", "OrderedDict")
            .raw(b")RtR")
    }

    pub fn end(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

/// The zip file of `torch.save`.
pub fn torch(pickle: &[u8], storages: &[Vec<u8>]) -> Vec<u8> {
    archive(pickle, storages, CompressionMethod::Stored)
}

pub fn archive(pickle: &[u8], storages: &[Vec<u8>], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    let mut member = |name: &str, content: &[u8]| {
        zip.start_file(format!("model/{name}"), options).unwrap();
        zip.write_all(content).unwrap();
    };
    member("data.pkl", pickle);
    member("byteorder", b"little");
    for (key, storage) in storages.iter().enumerate() {
        member(&format!("data/{key}"), storage);
    }
    member("version", b"3\n");
    zip.finish().unwrap().into_inner()
}

/// A dictionary of vectors, each with its own storage.
pub fn torch_dict(dtype: Dtype, vectors: &[(&str, Vec<f32>)]) -> Vec<u8> {
    let mut pickle = Pickle::new().raw(b"}(");
    let mut storages = Vec::new();
    for (key, (name, vector)) in vectors.iter().enumerate() {
        let width = vector.len();
        pickle = pickle
            .text(name)
            .tensor(dtype, (key, width), 0, &[width], &[1]);
        storages.push(dtype.encode(vector));
    }
    torch(&pickle.raw(b"u").end(), &storages)
}

/// A file of ESM's `extract.py`, with the means of the given layers.
pub fn esm(label: &str, layers: &[(usize, Vec<f32>)], residues: &[Vec<f32>]) -> Vec<u8> {
    let mut pickle = Pickle::new()
        .raw(b"}(")
        .text("label")
        .text(label)
        .text("mean_representations")
        .raw(b"}(");
    let mut storages = Vec::new();
    for (layer, mean) in layers {
        let place = (storages.len(), mean.len());
        pickle = pickle
            .int(*layer)
            .tensor(Dtype::Float, place, 0, &[mean.len()], &[1]);
        storages.push(Dtype::Float.encode(mean));
    }
    pickle = pickle.raw(b"u");
    if let Some(first) = residues.first() {
        let width = first.len();
        let place = (storages.len(), width * residues.len());
        pickle = pickle
            .text("representations")
            .raw(b"}(")
            .int(33)
            .tensor(
                Dtype::Float,
                place,
                0,
                &[residues.len(), width],
                &[width, 1],
            )
            .raw(b"u");
        storages.push(Dtype::Float.encode(&residues.concat()));
    }
    torch(&pickle.raw(b"u").end(), &storages)
}

/// A safetensors file: name, type, shape and bytes of each tensor.
pub fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let mut at = 0;
    let mut entries = vec!["\"__metadata__\":{\"format\":\"pt\"}".to_owned()];
    for (name, dtype, shape, bytes) in tensors {
        let end = at + bytes.len();
        entries.push(format!(
            "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{at},{end}]}}"
        ));
        at = end;
    }
    let mut header = format!("{{{}}}", entries.join(","));
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(tensors.iter().flat_map(|(.., bytes)| bytes.clone()));
    file
}
