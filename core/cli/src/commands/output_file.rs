//! Files that a command writes: whole or not at all, and never in place of something else by accident.

use std::{
    ffi::OsStr,
    fs,
    io::{self, BufWriter, Write},
    path::Path,
};

use protea_files::{TemporaryFile, remove_abandoned};

use crate::{exit::Exit, failure::Failure, interrupt, output::display_path};

/// What happens to a file that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// It is an error, also a link that leads nowhere.
    Keep,
    /// It is replaced.
    Replace,
}

impl Existing {
    /// What the option `--force` says.
    pub(super) fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Keep }
    }
}

/// Fails if a file may not be written to this path. Called before the work begins.
pub(super) fn check_output(path: &Path, existing: Existing) -> Result<(), Failure> {
    let refused = |problem: &str| {
        let path = display_path(path);
        Err(Failure::new(Exit::Output, format!("{path} {problem}")))
    };
    let target = fs::metadata(path);
    if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        return refused("exists; give another name, or replace it with --force");
    }
    match target {
        Ok(target) if target.is_dir() => refused("is a directory; give the name of a file"),
        Ok(target) if !target.is_file() => refused(
            "is a pipe or a device, which is not replaced by a file; give the name of a file",
        ),
        _ => Ok(()),
    }
}

/// Writes a file beside `path` and renames it. A name that ends with `.gz` is compressed.
pub(super) fn replace<T>(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<T>,
) -> Result<T, Failure> {
    replace_after(path, |_| Ok(()), write)
}

/// As [`replace`]. Calls `before` with the path of the written file before it is renamed.
pub(super) fn replace_after<T>(
    path: &Path,
    before: impl FnOnce(&Path) -> io::Result<()>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<T>,
) -> Result<T, Failure> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    check_output(path, Existing::Replace)?;
    let attempt = || {
        fs::create_dir_all(directory)?;
        let prefix = OsStr::new(".protea-predict-");
        remove_abandoned(directory, &[prefix]);
        let mut file = TemporaryFile::create_in(directory, prefix, 0o666)?;
        let mut out = BufWriter::with_capacity(1 << 17, &mut file);
        let result = if path.extension().is_some_and(|extension| extension == "gz") {
            let mut encoder =
                flate2::write::GzEncoder::new(&mut out, flate2::Compression::default());
            let result = write(&mut encoder)?;
            encoder.finish()?;
            result
        } else {
            write(&mut out)?
        };
        out.flush()?;
        drop(out);
        before(file.path())?;
        file.persist(path)?;
        Ok(result)
    };
    attempt().map_err(unwritable(path))
}

pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = display_path(path);
    move |error| {
        if interrupt::requested() {
            return Failure::cancelled();
        }
        Failure::new(Exit::Output, format!("{path} cannot be written: {error}"))
    }
}
