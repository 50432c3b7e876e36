//! What can be wrong with a scoring.

use std::io;

/// Why something could not be scored, read or written. Every message names the file, the place and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoringError {
    /// A file cannot be opened, read or decompressed.
    #[error("cannot read the {what} {file}")]
    Read {
        /// What was to be read: `ground truth`, `predictions`, `information accretion`.
        what: &'static str,
        /// The file as it was named.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A directory stands where a file is needed.
    #[error("the {what} {file} is a directory; give the file itself")]
    Directory {
        /// What was to be read.
        what: &'static str,
        /// The path as it was given.
        file: String,
    },
    /// A line has more than 16 MiB: this is no table.
    #[error(
        "the {what} {file} has a line of more than 16 MiB near line {line}; give a text file with one record per line"
    )]
    LineTooLong {
        /// What was to be read.
        what: &'static str,
        /// The file as it was named.
        file: String,
        /// Number of the last line before it.
        line: u64,
    },
    /// No annotation of the ground truth, or of what was known before, is of a term of the ontology.
    #[error(
        "the {what} {file} has no annotation with a term of the ontology ({lines} lines read; unknown terms: {examples}); \
         give a table `accession term …` and the ontology that its terms come from"
    )]
    EmptyGroundTruth {
        /// What it was read as: `ground truth`, `known annotations`.
        what: &'static str,
        /// The file as it was named.
        file: String,
        /// Lines read.
        lines: u64,
        /// The first unknown terms, or `none`.
        examples: String,
    },
    /// No term of interest is in the ontology.
    #[error(
        "the terms of interest {file} have no term of the ontology (they have {examples}); give one id such as GO:0005515 per line"
    )]
    NoTermOfInterest {
        /// The file as it was named.
        file: String,
        /// The first unknown terms, or `none`.
        examples: String,
    },
    /// Nothing of the ground truth is left to predict.
    #[error(
        "no protein of the ground truth {truth} has a term left to predict: all are known already or none is of interest"
    )]
    NothingLeft {
        /// Name of the ground truth.
        truth: String,
    },
    /// A directory of predictions has no file in it.
    #[error(
        "there is no prediction file under {dir}; give a directory of tables `accession term score`"
    )]
    NoPredictionFiles {
        /// The directory as it was given.
        dir: String,
    },
    /// Two prediction files would have the same name in the tables.
    #[error("{first} and {second} would both be called {name} in the tables; rename one of them")]
    SameName {
        /// The name.
        name: String,
        /// One file.
        first: String,
        /// The other file.
        second: String,
    },
    /// No prediction is of a protein and a namespace of the ground truth.
    #[error(
        "no prediction in {predictions} is of a protein in the ground truth {truth} with a term of the same namespace \
         ({lines} lines read; other proteins: {proteins}; unknown terms: {terms}); use the same accessions and ontology in both"
    )]
    NoOverlap {
        /// Name of the predictions.
        predictions: String,
        /// Name of the ground truth.
        truth: String,
        /// Lines read.
        lines: u64,
        /// The first proteins that are not in the ground truth, or `none`.
        proteins: String,
        /// The first unknown terms, or `none`.
        terms: String,
    },
    /// A score is no number.
    #[error(
        "{file}, line {line}: the score {text:?} is no number; write a decimal number such as 0.83 in the third column"
    )]
    MalformedScore {
        /// The file as it was named.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// A line of an information-accretion file is not `term value`.
    #[error(
        "{file}, line {line}: {problem}; write one term and one number per line, without a header"
    )]
    MalformedAccretion {
        /// The file as it was named.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// What is wrong there.
        problem: String,
    },
    /// An information-accretion file has no term of the ontology.
    #[error(
        "the information accretion {file} has no term of the ontology; compute it for this ontology"
    )]
    EmptyAccretion {
        /// The file as it was named.
        file: String,
    },
    /// An option has a value that it cannot take.
    #[error("the option {option} cannot be {value:?}; expected: {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// The value.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
    /// Ground truth, predictions or information accretion belong to another ontology or ground truth: a mistake in the calling program.
    #[error(
        "the {what} was made with another ontology or ground truth; make it with the ones that are given to `evaluate`"
    )]
    Mixed {
        /// Which of them.
        what: &'static str,
    },
    /// Two bootstraps of different proteins, or of different draws, were to be compared.
    #[error(
        "the two bootstraps are not of the same draws ({first} and {second}); compare methods with one ground truth, and with the \
         same number of resamples and the same seed"
    )]
    Unpaired {
        /// One of them: namespace, proteins, resamples and seed.
        first: String,
        /// The other.
        second: String,
    },
    /// The caller's own function ended it.
    #[error("cancelled")]
    Cancelled,
    /// A prediction that cannot be written: the score is not within 0..=1, or a name has white space in it or is empty.
    #[error(
        "the prediction ({accession:?}, {term:?}, {score}) cannot be written as CAFA TSV: {problem}"
    )]
    Unwritable {
        /// The accession.
        accession: String,
        /// The term.
        term: String,
        /// The score.
        score: f64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An output file cannot be written.
    #[error("cannot write {file}")]
    Write {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
}
