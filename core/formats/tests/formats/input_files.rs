//! Small input files. The tests of frozen datasets use them too.

use std::{fs, io::Write, path::PathBuf};

use half::f16;
use tempfile::TempDir;

pub const FASTA: &str = ">sp|P00001|ONE_HUMAN One OX=9606\nMKTAYIAK\nQRQISF\n>P00002 OX=83333\nMSEQWENCE*\n>tr|Q00003|THREE\nMKXUBZ\n>Q00004 OX=9606\r\nacdefg\r\n\n>A0A024RBG1\nMMKFKPNQTRTY\n";
pub const INFORMATION_ACCRETION: &str = "GO:0003674\t0.0\nGO:0005488\t1.5\n";

/// A directory of input files, removed on drop.
pub struct Inputs {
    pub dir: TempDir,
}

impl Inputs {
    pub fn new() -> Self {
        let this = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        this.write("proteins.fasta", FASTA);
        this.write("ia.tsv", INFORMATION_ACCRETION);
        this
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn gzip(&self, name: &str) -> PathBuf {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder
            .write_all(&fs::read(self.path(name)).unwrap())
            .unwrap();
        self.write(&format!("{name}.gz"), encoder.finish().unwrap())
    }
}

/// Formats a matrix like `numpy.save`.
pub fn npy(
    descr: &str,
    rows: usize,
    width: usize,
    value: impl Fn(usize, usize) -> Vec<u8>,
) -> Vec<u8> {
    let mut bytes = npy_header(&format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {width}), }}"
    ));
    for row in 0..rows {
        for column in 0..width {
            bytes.extend(value(row, column));
        }
    }
    bytes
}

pub fn npy_header(dictionary: &str) -> Vec<u8> {
    let padded = (10 + dictionary.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded as u16).to_le_bytes());
    bytes.extend(format!("{dictionary:<width$}\n", width = padded - 1).bytes());
    bytes
}

pub fn half_bytes(value: f32) -> Vec<u8> {
    f16::from_f32(value).to_le_bytes().to_vec()
}
