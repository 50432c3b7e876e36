//! Annotation transfer from the k nearest neighbours in embedding space.
//!
//! Every protein of the evaluation set gets the terms of its nearest proteins in the reference
//! set, scored by the neighbours' votes. There is no training step: the reference set is the
//! model.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | the settings |
//! | [`search`] | exact nearest neighbours, fast |
//! | [`references`] | the reference set: who is in which index, with which terms |
//! | [`transfer`] | from neighbours to scored terms |
//! | `explain` | which neighbours gave which term, with what weight |
//! | [`runner`] | the runner: what the host calls |

mod explain;
pub mod references;
pub mod runner;
pub mod search;
pub mod spec;
pub mod transfer;
