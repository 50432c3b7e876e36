//! A small set of inputs, made here.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use half::f16;
use protea_dataset::{EmbeddingSource, FreezeReport, FreezeRequest, freeze, unwatched};
use tempfile::TempDir;

pub const ACCESSIONS: [&str; 5] = ["P00001", "P00002", "Q00003", "Q00004", "A0A024RBG1"];
pub const WIDTH: usize = 3;

/// The matrix value of a protein: exact in f16, and not in the order of the FASTA file.
pub fn value(protein: usize, column: usize) -> f32 {
    protein as f32 + column as f32 / 4.0 - 1.0
}

pub struct Inputs {
    pub dir: TempDir,
}

impl Inputs {
    pub fn new() -> Self {
        let this = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        this.write("go.obo", "format-version: 1.2\n\n[Term]\nid: GO:0003674\nname: molecular_function\nnamespace: molecular_function\n\n[Term]\nid: GO:0005488\nname: binding\nnamespace: molecular_function\nis_a: GO:0003674\n\n[Term]\nid: GO:0008150\nname: biological_process\nnamespace: biological_process\n\n[Term]\nid: GO:0005575\nname: cellular_component\nnamespace: cellular_component\n");
        this.write(
            "proteins.fasta",
            ">sp|P00001|ONE_HUMAN One OX=9606\nMKTAYIAK\nQRQISF\n>P00002 OX=83333\nMSEQWENCE*\n>tr|Q00003|THREE\nMKXUBZ\n>Q00004 OX=9606\r\nacdefg\r\n\n>A0A024RBG1\nMMKFKPNQTRTY\n",
        );
        this.write(
            "terms.tsv",
            "EntryID\tterm\taspect\nQ00003\tGO:0005575\tC\nP00001\tGO:0005488\tF\nP00001\tGO:0008150\tP\nP00001\tGO:0005488\tF\nP00002\tGO:0003674\tF\nX99999\tGO:0005488\tF\n",
        );
        this.write("ids.txt", "A0A024RBG1\nQ00004\nQ00003\nP00002\nP00001\n");
        this.write("ia.tsv", "GO:0003674\t0.0\nGO:0005488\t1.5\n");
        this.write("taxa.tsv", "EntryID\ttaxonomyID\nQ00003\t3702\n");
        this.write(
            "matrix.npy",
            npy("<f4", 5, WIDTH, |row, column| {
                value(4 - row, column).to_le_bytes().to_vec()
            }),
        );
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

    pub fn request(&self) -> FreezeRequest {
        let mut request = FreezeRequest::new(
            self.path("out"),
            "small",
            self.path("go.obo"),
            self.path("proteins.fasta"),
            self.path("terms.tsv"),
        );
        request.ia = Some(self.path("ia.tsv"));
        request.taxonomy = Some(self.path("taxa.tsv"));
        request.embeddings = self.matrix();
        request
    }

    pub fn matrix(&self) -> EmbeddingSource {
        EmbeddingSource::Matrix {
            matrix: self.path("matrix.npy"),
            ids: self.path("ids.txt"),
            source: None,
        }
    }

    pub fn freeze(&self) -> FreezeReport {
        freeze(&self.request(), &mut unwatched).unwrap()
    }

    /// Names beside the inputs that were not there before: what a failed freeze leaves behind.
    pub fn left_behind(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name == "out" || name.contains("freezing"))
            .collect()
    }
}

/// A matrix as `numpy.save` writes it.
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

/// Flips the lowest bit of one byte of a read-only file.
pub fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    replace(path, &bytes);
}

pub fn replace(path: &Path, bytes: &[u8]) {
    // A read-only file can be removed but not written.
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}
