//! A small set of inputs for freezing.

#[allow(dead_code, reason = "the tests of the formats use the rest")]
#[path = "../../../formats/tests/formats/input_files.rs"]
mod input_files;

use std::{fs, ops::Deref, path::Path};

use protea_dataset::{EmbeddingSource, FreezeReport, FreezeRequest, freeze, unwatched};

pub use input_files::npy;

pub const ACCESSIONS: [&str; 5] = ["P00001", "P00002", "Q00003", "Q00004", "A0A024RBG1"];
pub const WIDTH: usize = 3;

/// The value of a protein in the matrix; it is exact in f16. The rows of the matrix are in reverse
/// order of the FASTA file.
pub fn value(protein: usize, column: usize) -> f32 {
    protein as f32 + column as f32 / 4.0 - 1.0
}

/// All inputs of freezing.
pub struct Inputs(input_files::Inputs);

impl Deref for Inputs {
    type Target = input_files::Inputs;

    fn deref(&self) -> &input_files::Inputs {
        &self.0
    }
}

impl Inputs {
    pub fn new() -> Self {
        let this = Self(input_files::Inputs::new());
        this.write("go.obo", "format-version: 1.2\n\n[Term]\nid: GO:0003674\nname: molecular_function\nnamespace: molecular_function\n\n[Term]\nid: GO:0005488\nname: binding\nnamespace: molecular_function\nis_a: GO:0003674\n\n[Term]\nid: GO:0008150\nname: biological_process\nnamespace: biological_process\n\n[Term]\nid: GO:0005575\nname: cellular_component\nnamespace: cellular_component\n");
        this.write(
            "terms.tsv",
            "EntryID\tterm\taspect\nQ00003\tGO:0005575\tC\nP00001\tGO:0005488\tF\nP00001\tGO:0008150\tP\nP00001\tGO:0005488\tF\nP00002\tGO:0003674\tF\nX99999\tGO:0005488\tF\n",
        );
        this.write("ids.txt", "A0A024RBG1\nQ00004\nQ00003\nP00002\nP00001\n");
        this.write("taxa.tsv", "EntryID\ttaxonomyID\nQ00003\t3702\n");
        this.write(
            "matrix.npy",
            npy("<f4", 5, WIDTH, |row, column| {
                value(4 - row, column).to_le_bytes().to_vec()
            }),
        );
        this
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

    /// Names of outputs and staging directories next to the inputs. A failed freeze must leave
    /// none.
    pub fn left_behind(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name == "out" || name.contains("freezing"))
            .collect()
    }
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
