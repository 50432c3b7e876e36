//! Alignment with external programs, and transfer of terms from the proteins that are hit.
//!
//! | file | content |
//! |---|---|
//! | `aligner` | the trait that each alignment program implements |
//! | `blast`, `diamond`, `mmseqs` | the implementations |
//! | `installed` | the list of all aligners, and those that are installed |
//! | `program` | an external program: finding it, and running it until it ends or is cancelled |
//! | `scratch` | the directory for temporary files |
//! | `database` | the references in a model's directory: the program's database, ontology, annotations |
//! | `sequences` | the sequences of a dataset as FASTA |
//! | `hits` | the results of a search |
//! | `transfer` | from hits to scored terms |
//! | `predict` | from a dataset to its predictions |
//! | `calibrate` | calibrates the scores on the training set |

mod aligner;
mod blast;
mod calibrate;
mod database;
mod diamond;
mod hits;
mod installed;
mod mmseqs;
mod predict;
mod program;
mod scratch;
mod sequences;
mod transfer;

pub(crate) use calibrate::calibrate;
pub(crate) use database::{Database, DatabaseOrigin, EarlierDatabase, ONTOLOGY};
pub(crate) use installed::{InstalledAligner, declarations};
pub(crate) use predict::{Task, predict};
pub(crate) use scratch::Scratch;
