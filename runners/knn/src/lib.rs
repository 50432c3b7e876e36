//! Annotation transfer from the k nearest neighbours in embedding space.
//!
//! Every protein of the evaluation set gets the terms of its nearest proteins in the reference
//! set, scored by the neighbours' votes. There is no training step: the reference set is the
//! model.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | the settings |
//! | [`preset`] | published conventions, by name |
//! | [`neighbours`] | exact nearest neighbours, fast |
//! | [`references`] | the reference set: who is in which index, with which terms |
//! | [`evidence`] | which annotations are transferred |
//! | [`composite`] | PROTEA's composite score |
//! | [`identity`] | global and local identity of two sequences |
//! | [`select`] | the neighbours that vote, where that are not simply the k nearest |
//! | [`redundancy`] | how alike two sequences are |
//! | [`transfer`] | from neighbours to scored terms |
//! | [`predict`](mod@predict) | the way from references and queries to predictions |
//! | `explain` | which neighbours gave which term, with what weight |
//! | [`runner`] | the runner: what the host calls |

pub mod composite;
pub mod evidence;
mod explain;
pub mod identity;
pub mod predict;
pub mod preset;
pub mod references;
pub mod runner;
pub mod select;
pub mod spec;
pub mod transfer;

pub use protea_cafa::{neighbours, redundancy};
