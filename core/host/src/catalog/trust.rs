//! Trust: a file that other users can write is their code, and would run as you.
//!
//! The rule on Unix, applied to the targets of links:
//!
//! - the runner's file, the directory that holds it, and the directory of the search path must belong
//!   to this process's user or to root;
//! - none of them may be writable by its group or by everyone; a user's own group, of the same number as the
//!   user, does not count. The sticky bit does not help: in a
//!   directory like `/tmp` anyone can still add a runner of theirs;
//! - the directories above are not looked at.

use std::path::{Path, PathBuf};

/// Why a file or directory is not trusted, with the command that fixes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Insecure {
    /// Its group, or everyone, may write to it.
    #[error(
        "{} can be written by {writers} (mode {mode:04o}), so their code could run with your permissions; fix it with `chmod {change} {}`",
        path.display(), quoted(path)
    )]
    Writable {
        /// The file or directory.
        path: PathBuf,
        /// `its group`, `everyone`, or both.
        writers: &'static str,
        /// Its permission bits.
        mode: u32,
        /// The argument of `chmod` that fixes it.
        change: &'static str,
    },
    /// The directory is shared by all users on purpose.
    #[error(
        "{} is a directory that users share (mode {mode:04o}), so code that others put there could run with your permissions; put the runners into your own directory, such as `mkdir -m 755 ~/runners`",
        path.display()
    )]
    Shared {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    #[error(
        "{} belongs to the user {owner}, who is neither you ({user}) nor root; if you trust what is in it, fix it with `{}chown {user} {}`",
        path.display(), if *user == 0 { "" } else { "sudo " }, quoted(path)
    )]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// The uid of its owner.
        owner: u32,
        /// The uid of this process.
        user: u32,
    },
}

/// Checks a directory of runners. A missing or unreadable directory is not an error here: reading
/// it fails anyway.
#[must_use]
pub fn examine_directory(directory: &Path) -> Option<Insecure> {
    examine(&directory.canonicalize().ok()?)
}

/// Checks a runner's file and, if it is a link, its target and the directory of the target.
pub(super) fn examine_file(file: &Path) -> Option<Insecure> {
    if !file.symlink_metadata().ok()?.is_symlink() {
        return examine(file);
    }
    let real = file.canonicalize().ok()?;
    real.parent().and_then(examine).or_else(|| examine(&real))
}

#[cfg(not(unix))]
fn examine(_: &Path) -> Option<Insecure> {
    None
}

#[cfg(unix)]
fn examine(path: &Path) -> Option<Insecure> {
    use std::os::unix::fs::MetadataExt;

    let metadata = path.metadata().ok()?;
    let user = rustix::process::geteuid().as_raw();
    judge(
        path,
        metadata.is_dir(),
        metadata.mode(),
        (metadata.uid(), metadata.gid()),
        user,
    )
}

#[cfg(unix)]
fn judge(
    path: &Path,
    directory: bool,
    mode: u32,
    (owner, group): (u32, u32),
    user: u32,
) -> Option<Insecure> {
    const BY_GROUP: u32 = 0o020;
    const BY_EVERYONE: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    let (path, mode) = (path.to_owned(), mode & 0o7777);
    // Changing the owner of a directory like /tmp would harm other users.
    if directory && mode & STICKY != 0 && mode & BY_EVERYONE != 0 {
        return Some(Insecure::Shared { path, mode });
    }
    if owner != 0 && owner != user {
        return Some(Insecure::Owner { path, owner, user });
    }
    // On systems with a private group for each user (same number), new files are writable by it.
    let private = owner == user && group == owner && owner != 0;
    let (writers, change) = match (mode & BY_GROUP != 0 && !private, mode & BY_EVERYONE != 0) {
        (false, false) => return None,
        (true, false) => ("its group", "g-w"),
        (false, true) => ("everyone", "o-w"),
        (true, true) => ("its group and everyone", "go-w"),
    };
    Some(Insecure::Writable {
        path,
        writers,
        mode,
        change,
    })
}

/// The path, quoted for a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%".contains(&byte);
    if text.bytes().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const ME: u32 = 1000;

    fn verdict(directory: bool, mode: u32, owner: u32) -> Option<String> {
        verdict_in_group(directory, mode, owner, 100)
    }

    fn verdict_in_group(directory: bool, mode: u32, owner: u32, group: u32) -> Option<String> {
        let judged = judge(Path::new("/a b/it's"), directory, mode, (owner, group), ME);
        judged.map(|insecure| insecure.to_string())
    }

    #[test]
    fn a_group_that_only_its_user_is_in_may_write() {
        assert_eq!(verdict_in_group(true, 0o775, ME, ME), None);
        assert!(verdict_in_group(true, 0o777, ME, ME).is_some());
        assert!(verdict_in_group(true, 0o775, 0, 0).is_some());
    }

    #[test]
    fn only_files_of_the_user_or_root_are_trusted() {
        for mode in [0o100_644, 0o100_755, 0o040_755, 0o040_700, 0o041_755] {
            assert_eq!(verdict(mode & 0o040_000 != 0, mode, ME), None);
            assert_eq!(verdict(mode & 0o040_000 != 0, mode, 0), None);
        }
    }

    #[test]
    fn the_remedy_is_minimal_and_quoted_for_the_shell() {
        for (mode, part) in [
            (0o775, r"by its group (mode 0775)"),
            (0o775, r"`chmod g-w '/a b/it'\''s'`"),
            (0o757, r"`chmod o-w '/a b/it'\''s'`"),
            (0o666, r"`chmod go-w '/a b/it'\''s'`"),
        ] {
            let said = verdict(false, mode, ME).unwrap();
            assert!(said.contains(part), "{part} is not in {said}");
        }
        let said = verdict(false, 0o644, 33).unwrap();
        assert!(said.contains(r"`sudo chown 1000 '/a b/it'\''s'`"), "{said}");
        assert!(said.contains("the user 33, who is neither you (1000)"));
    }

    #[test]
    fn nobody_is_told_to_take_a_shared_directory_from_the_others() {
        let said = verdict(true, 0o1777, 0).unwrap();
        assert!(!said.contains("chmod"), "{said}");
        assert!(said.contains("a directory that users share (mode 1777)"));
    }
}
