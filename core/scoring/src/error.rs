//! The errors of reading, scoring and writing.

use std::io;

use protea_ontology::foreign::Foreign;

/// Why reading, scoring or writing failed. Messages name the file, the position and, if possible,
/// the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoringError {
    /// A file cannot be opened, read or decompressed.
    #[error("cannot read the {input} {file}")]
    Read {
        /// The kind of input: `ground truth`, `known annotations`, `predictions`, `information
        /// accretion` or `terms of interest`.
        input: &'static str,
        /// Path of the file.
        file: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is not text: an archive, a web page, another encoding.
    #[error("the {input} {file} is {content}; {}", content.remedy())]
    Foreign {
        /// The kind of input.
        input: &'static str,
        /// Path of the file.
        file: String,
        /// What the file is.
        content: Foreign,
    },
    /// The columns of a table are not separated by white space.
    #[error(
        "the columns of the {input} {file} are separated by {separator}; separate them by tabs"
    )]
    Separator {
        /// The kind of input.
        input: &'static str,
        /// Path of the file, or its name.
        file: String,
        /// The separator, such as `commas`.
        separator: &'static str,
    },
    /// The path is a directory, but a file is needed.
    #[error("the {input} {file} is a directory; give a file")]
    Directory {
        /// The kind of input.
        input: &'static str,
        /// The path.
        file: String,
    },
    /// A line is longer than 16 MiB, so the file is not a table.
    #[error(
        "the {input} {file} has a line longer than 16 MiB after line {line}; give a text file with one record per line"
    )]
    LineTooLong {
        /// The kind of input.
        input: &'static str,
        /// Path of the file.
        file: String,
        /// Number of the last line that was read before the long line.
        line: u64,
    },
    /// No annotation of the ground truth or of the known annotations has a term of the ontology.
    #[error(
        "the {input} {file} has no annotation with a term of the ontology ({lines} lines read; unknown terms: {examples}); \
         give a table with the columns `accession` and `term`, and an ontology that has its terms"
    )]
    EmptyGroundTruth {
        /// The kind of input: `ground truth` or `known annotations`.
        input: &'static str,
        /// Path of the file.
        file: String,
        /// Number of lines read.
        lines: u64,
        /// The first unknown terms, or `none`.
        examples: String,
    },
    /// No term in the list of terms of interest is in the ontology.
    #[error(
        "the terms of interest {file} have no term of the ontology (unknown terms: {examples}); give one id such as GO:0005515 per line"
    )]
    NoTermOfInterest {
        /// Path of the file.
        file: String,
        /// The first unknown terms, or `none`.
        examples: String,
    },
    /// No protein of the ground truth has a term left to predict.
    #[error(
        "no protein of the ground truth {truth} has a term left to predict: every term is already known or not of interest"
    )]
    NothingLeft {
        /// Name of the ground truth.
        truth: String,
    },
    /// A directory of predictions contains no file.
    #[error(
        "the directory {dir} contains no prediction file; give a directory of tables `accession term score`"
    )]
    NoPredictionFiles {
        /// Path of the directory.
        dir: String,
    },
    /// Two prediction files would have the same name in the tables.
    #[error(
        "{first} and {second} would both have the name {name} in the tables; rename one of them"
    )]
    SameName {
        /// The common name.
        name: String,
        /// Path of the first file.
        first: String,
        /// Path of the second file.
        second: String,
    },
    /// No prediction matches a protein and a namespace of the ground truth.
    #[error(
        "no prediction in {predictions} matches a protein and a namespace of the ground truth {truth} \
         ({lines} lines read; unknown proteins: {proteins}; unknown terms: {terms}); use the same accessions and ontology in both"
    )]
    NoOverlap {
        /// Name of the predictions.
        predictions: String,
        /// Name of the ground truth.
        truth: String,
        /// Number of lines read.
        lines: u64,
        /// The first proteins that are not in the ground truth, or `none`.
        proteins: String,
        /// The first unknown terms, or `none`.
        terms: String,
    },
    /// A score is not a number.
    #[error(
        "{file}, line {line}: the score {text:?} is not a number; write a decimal number such as 0.83 in the third column"
    )]
    MalformedScore {
        /// Path of the file.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// The malformed score.
        text: String,
    },
    /// A line of an information-accretion file is not `term value`.
    #[error(
        "{file}, line {line}: {problem}; write one term and one number per line, without a header"
    )]
    MalformedAccretion {
        /// Path of the file.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// What is wrong with the line.
        problem: String,
    },
    /// An information-accretion file has no term of the ontology.
    #[error(
        "the information accretion {file} has no term of the ontology; compute it for this ontology"
    )]
    EmptyAccretion {
        /// Path of the file.
        file: String,
    },
    /// An option has an invalid value.
    #[error("invalid value {value:?} of the option {option}; expected {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// The invalid value.
        value: String,
        /// The valid values.
        expected: &'static str,
    },
    /// The caller combined objects of different ontologies. This is an error in the calling
    /// program.
    #[error(
        "the {input} uses another ontology than the ground truth; create both with the same ontology"
    )]
    Mixed {
        /// The object with the other ontology.
        input: &'static str,
    },
    /// Two bootstraps with different proteins or different draws cannot be compared.
    #[error(
        "the two bootstraps have different draws ({first} and {second}); use the same ground truth, the \
         same number of resamples and the same seed for both methods"
    )]
    Unpaired {
        /// Namespace, proteins, resamples and seed of the first bootstrap.
        first: String,
        /// The same for the second bootstrap.
        second: String,
    },
    /// The progress callback cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// A prediction cannot be written: the score is not within 0..=1, or the accession or the term
    /// is empty or has white space.
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
        /// What is wrong with the prediction.
        problem: &'static str,
    },
    /// An output file cannot be written.
    #[error("cannot write {file}")]
    Write {
        /// Path of the file.
        file: String,
        /// The error of the operating system.
        source: io::Error,
    },
}
