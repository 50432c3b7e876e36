//! Plans of predictions: the queries are split, or the references, or both.

mod complete;
mod gather;
mod joined;
mod layout;
mod outputs;
mod write;

pub(super) use gather::{GatherOptions, gather};
pub(super) use write::write;
