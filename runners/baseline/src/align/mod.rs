//! Alignment by programs of others, and transfer of terms from the proteins that are hit.
//!
//! | file | what it holds |
//! |---|---|
//! | `aligner` | which program a method needs and how to get it |
//! | `blast`, `diamond`, `mmseqs` | how each program makes a database and searches it |
//! | `program` | a program: where it is, its version, running it until it ends or is no longer wanted |
//! | `database` | the references in a model's directory: program's database, ontology, annotations |
//! | `sequences` | sequences of a dataset as FASTA |
//! | `hits` | what a search found |
//! | `transfer` | from hits to scored terms |
//! | `predict` | the way from a dataset to its predictions |

mod aligner;
mod blast;
mod database;
mod diamond;
mod hits;
mod mmseqs;
mod predict;
mod program;
mod sequences;
mod transfer;

pub use aligner::{Aligner, Search, declarations};
pub use database::{Database, Earlier, Made};
pub use hits::HITS;
pub use predict::{Scratch, Task, predict};
pub use program::{Program, ProgramError};
