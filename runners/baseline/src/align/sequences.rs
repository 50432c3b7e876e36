//! Sequences of a dataset as FASTA. They are named by row, because some programs split accessions
//! at special characters.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use protea_cafa::dataset::FrozenDataset;

use super::program::ProgramError;

/// Writes the sequences of the proteins for which `row_of` returns a row. Returns their number.
pub(super) fn write(
    dataset: &FrozenDataset,
    path: &Path,
    row_of: impl Fn(usize) -> Option<usize>,
) -> Result<usize, ProgramError> {
    let to_file = || {
        let mut file = BufWriter::new(File::create(path)?);
        let mut written = 0;
        for protein in 0..dataset.len() {
            if let (Some(row), Some(sequence)) = (row_of(protein), sequence(dataset, protein)) {
                let unknown = if could_be_dna(sequence) { "X" } else { "" };
                writeln!(file, ">{row}\n{sequence}{unknown}")?;
                written += 1;
            }
        }
        file.flush()?;
        Ok(written)
    };
    to_file().map_err(|source| ProgramError::File {
        path: path.to_owned(),
        source,
    })
}

/// If a file has one such peptide, DIAMOND treats the whole file as DNA. The unknown residue that
/// `write` appends to it is never part of a local alignment.
fn could_be_dna(sequence: &str) -> bool {
    let is_nucleotide = |letter: u8| b"ACGTN".contains(&letter.to_ascii_uppercase());
    sequence.bytes().all(is_nucleotide)
}

/// The sequence of a protein; `None` if it is missing or empty.
pub(super) fn sequence(dataset: &FrozenDataset, protein: usize) -> Option<&str> {
    dataset
        .sequence(protein)
        .filter(|sequence| !sequence.is_empty())
}
