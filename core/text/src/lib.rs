//! Makes text of somebody else safe to print or to keep.
//!
//! A runner, a file or a server chooses the text of names and messages. Printed as it is, it can
//! control a terminal, look like a line of protea's own, or repeat a secret.
//!
//! | module | purpose |
//! |---|---|
//! | [`mod@escape`] | control characters and characters that reorder text |
//! | [`mod@redact`] | credentials in text that a server sent |
//! | [`secret`] | a value that is never printed |
//!
//! This crate knows nothing about runs, stores or terminals.

pub mod escape;
pub mod redact;
pub mod secret;

pub use escape::{escape_json, escape_line, escape_lines};
pub use redact::redact;
pub use secret::Secret;
