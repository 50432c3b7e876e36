//! Files that a command writes: whole or not at all, and never in place of something else by accident.

use std::{
    ffi::OsStr,
    fs,
    io::{self, BufWriter, Write},
    path::{Component, Path, PathBuf},
};

use protea_core::store;
use protea_files::{TemporaryFile, remove_abandoned};

use crate::{exit::Exit, failure::Failure, interrupt, output::display_path};

/// How the names of files begin that are not complete.
const PREFIX: &str = ".protea-predict-";

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

/// Fails if no file can be made in the directory of `path`, or, if that is not there yet, in the nearest
/// one above it. Called before work that can take hours.
pub(super) fn check_writable(path: &Path) -> Result<(), Failure> {
    let absolute = std::path::absolute(path).map_err(unwritable(path))?;
    let mut above = absolute.ancestors().skip(1);
    let Some(directory) = above.find(|directory| directory.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    let prefix = OsStr::new(PREFIX);
    // Of processes that were killed here.
    remove_abandoned(directory, &[prefix]);
    TemporaryFile::create_in(directory, prefix, 0o600)
        .map(drop)
        .map_err(unwritable(path))
}

/// Fails if a command would write two of its outputs to the same place, one below another, or one in
/// place of what it reads: a file among the inputs, or a file in a directory among them. Paths that
/// are written in different ways, and links, count as what they lead to. Called before the work begins.
pub(super) fn check_distinct(outputs: &[PathBuf], inputs: &[PathBuf]) -> Result<(), Failure> {
    let refused = |path: &Path, problem: String| {
        let path = display_path(path);
        Err(Failure::new(Exit::Output, format!("{path} {problem}")))
    };
    let places: Vec<PathBuf> = outputs.iter().map(|path| place(path)).collect();
    for (index, here) in places.iter().enumerate() {
        for (other, there) in outputs.iter().zip(&places).take(index) {
            let (path, other) = (&outputs[index], display_path(other));
            if here == there {
                return refused(
                    path,
                    format!("and {other} are the same file; give each output a different name"),
                );
            }
            if here.starts_with(there) || there.starts_with(here) {
                return refused(
                    path,
                    format!("and {other} cannot both be files; give each output a different name"),
                );
            }
        }
    }
    for input in inputs {
        let real = input.canonicalize().unwrap_or_else(|_| place(input));
        let entry = place(input);
        let is_directory = real.is_dir();
        for (path, here) in outputs.iter().zip(&places) {
            if *here == real || *here == entry {
                return refused(
                    path,
                    "is an input of this command; give another name".to_owned(),
                );
            }
            // A new file in such a directory destroys nothing.
            if is_directory && here.starts_with(&real) && here.symlink_metadata().is_ok() {
                let input = display_path(input);
                return refused(
                    path,
                    format!("is in {input}, which this command reads; give a name elsewhere"),
                );
            }
        }
    }
    Ok(())
}

/// The place that a file is renamed to: its directory without links and its name, which may be that
/// of a link. Of a directory that is not there yet, the parts are those that will be made.
fn place(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return absolute;
    };
    resolved(parent).join(name)
}

fn resolved(directory: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in directory.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
        if let Ok(real) = resolved.canonicalize() {
            resolved = real;
        }
    }
    resolved
}

/// The local path that a location names: a path or a `file://` URI. None for what is elsewhere.
pub(super) fn local_input(location: &str) -> Option<PathBuf> {
    let uri = store::locate(location).ok()?;
    store::local_path(&uri).ok()
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
        let prefix = OsStr::new(PREFIX);
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
