//! How a path is opened.

/// Whether a path may be a symbolic link itself. The directories above it are those of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// The user named the path: a link is followed.
    Follow,
    /// Another program may have created the path: a link is an error.
    Refuse,
}

/// How a file is written that another program could have put a link or a pipe in place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads and writes at any place; what is there is kept.
    Update,
    /// Writes at the end.
    Append,
    /// Replaces what is there.
    Replace,
}
