//! Opens files that another program may have written: the output of a runner, a model, an export, a
//! dataset, a workspace.
//!
//! Whoever can write such a directory can put anything in it: a symbolic link to a private file, a
//! named pipe that blocks its reader for ever, `/dev/zero`, a million files. Everything in this crate
//!
//! - opens regular files and directories only, without blocking;
//! - never follows a symbolic link below a [`Directory`];
//! - reads, lists and descends up to a stated limit.
//!
//! The crate knows neither runners nor the formats of files. It is the only place where the crates of
//! the host open such paths; a test of `protea-architecture` checks this.
//!
//! | module | what it does |
//! |---|---|
//! | `access` | how a path is opened |
//! | `directory` | a directory, and the files below it |
//! | `file` | single files by path |
//! | `computed_files` | files in the user's cache that can be computed again |
//! | `digest_cache` | remembers the hashes of files that have not changed |
//! | `lock` | locks that other processes cannot hold for ever |
//! | `walk` | lists everything below a directory |
//! | `usage` | what a directory occupies |
//! | `remove` | removes a directory, however deep it is |
//! | `staging` | publishes a new directory atomically |
//! | `temporary` | temporary files and directories that do not stay after a kill |
//! | `stop` | ends long work when its caller wants it to end |
//! | `system` | the calls of the operating system |

mod access;
mod computed_files;
mod digest_cache;
mod directory;
mod error;
mod file;
mod lock;
mod remove;
mod staging;
mod stop;
mod system;
mod temporary;
mod usage;
mod walk;

pub use access::{Access, Links};
pub use computed_files::{ComputedFile, ComputedFiles};
pub use digest_cache::{DigestCache, user_cache};
pub use directory::Directory;
pub use error::{FileKind, FilesError};
pub use file::{
    LARGEST_DOCUMENT, is_directory, is_regular, open, open_to_write, read, read_document,
    read_document_text, read_text, write,
};
pub use lock::{Lock, lock_within};
pub use remove::remove_tree;
pub use staging::{PARTIAL, Staging, StagingError, sync_directory, sync_file_system, sync_tree};
pub use stop::{Never, Stop, Stoppable};
pub use temporary::{
    TemporaryDirectory, TemporaryFile, is_temporary, remove_abandoned, remove_temporary,
};
pub use usage::{Usage, usage};
pub use walk::{FoundFile, Limits, Tree};
