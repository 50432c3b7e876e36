//! Plans of predictions: the queries are split, or the references, or both.

mod gather;
mod layout;
mod write;

pub(super) use gather::{GatherOptions, gather};
pub(super) use write::write;
