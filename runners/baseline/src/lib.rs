//! Baselines of protein-function prediction: what a method has to beat.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | the settings |
//! | [`runner`] | the runner: what the host calls |
//! | [`model`] | the document that `fit` writes |
//! | [`naive`] | the frequency of every term in the training set |
//! | [`align`] | alignment by BLAST+, DIAMOND and MMseqs2, and transfer from the hits |

pub mod align;
mod explain;
pub mod model;
pub mod naive;
pub mod runner;
pub mod spec;
