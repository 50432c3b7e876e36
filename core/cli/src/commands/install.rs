//! `protea runners install`.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use protea_core::{
    Catalog, CatalogError, LoadError, Runner, SearchPath,
    catalog::{Candidate, Entry, Origin, Verdict, examine_directory, inspect, user_directory},
    contracts::Descriptor,
    store::PARTIAL,
};
use protea_files::{TemporaryFile, remove_abandoned};
use serde_json::json;

use super::run_setup::in_worker;
use crate::{
    args::InstallArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, display_path},
};

/// How long a runner may take to describe itself.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(60);

/// Copies a runner into the user's directory after the conformance suite has passed. The file is
/// replaced atomically: other processes see the old runner or the new one.
pub fn install(args: &InstallArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let directory = user_directory().ok_or_else(|| {
        Failure::new(
            Exit::Output,
            "cannot find your directory of runners because HOME is not set; set it, or copy the file \
             and give its directory with --runner-dir",
        )
    })?;
    if !args.file.is_file() {
        return Err(Failure::new(
            Exit::Input,
            format!(
                "there is no file {}; give the shared library that `cargo build` wrote, such as \
                 target/release/libNAME.so",
                display_path(&args.file)
            ),
        ));
    }
    // Checked before the directory is created.
    judge(&args.file, &args.file)?;
    create(&directory)?;
    if let Some(insecure) = examine_directory(&directory) {
        return Err(Failure::insecure(Exit::Output, &insecure));
    }

    // Everything is checked on the copy, because the file itself may change at any moment.
    let copy = copy(&args.file, &directory).map_err(cannot_write(&directory))?;
    let descriptor = judge(copy.path(), &args.file)?;
    let entry = Entry::read(copy.path(), descriptor.clone(), Origin::Given)?;
    copy_libraries(&descriptor, &args.file, &directory)?;
    let summary = if args.no_check {
        None
    } else {
        check_loads(&entry, &args.file)?;
        vet(&entry, args, reporter)?
    };

    let (destination, replaced) = destination(&directory, &descriptor.name)?;
    copy.persist(&destination)
        .map_err(cannot_write(&destination))?;
    warn_if_hidden(&entry, reporter);
    if args.no_check {
        reporter.warn(&format!(
            "{} was not checked (--no-check) and may break the contract; check it with `protea \
             runners check {}`",
            descriptor.name,
            display_path(&destination)
        ));
    }

    let instead = match &replaced {
        Some(version) => format!(", replacing version {version}"),
        None => String::new(),
    };
    Ok(Report {
        text: format!(
            "{} {} is installed{instead}: {}\n{}",
            descriptor.name,
            descriptor.version,
            display_path(&destination),
            summary
                .map(|summary| format!("{summary}\n"))
                .unwrap_or_default()
        ),
        json: json!({
            "name": descriptor.name,
            "version": descriptor.version,
            "sha256": entry.sha256,
            "path": destination.to_string_lossy(),
            "replaced_version": replaced,
            "checked": !args.no_check,
        }),
    })
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    move |error| {
        Failure::new(
            Exit::Output,
            format!("{} cannot be written: {error}", display_path(path)),
        )
    }
}

/// The descriptor of the runner in `file`. Messages call the file `name`.
fn judge(file: &Path, name: &Path) -> Result<Descriptor, Failure> {
    let reason = match inspect(file) {
        Verdict::Runner(descriptor) => return Ok(descriptor),
        Verdict::Incompatible { mismatch, .. } => mismatch.to_string(),
        Verdict::NotARunner => "it is a shared library without a runner; a runner's crate calls \
                                `export_runner!`"
            .to_owned(),
        Verdict::Unusable(unusable) => unusable.to_string(),
    };
    let message = format!("{} cannot be installed: {reason}", display_path(name));
    Err(Failure::new(Exit::Runner, message))
}

fn create(directory: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        // Not writable by the group, even if the umask allows it: such a directory is insecure.
        builder.mode(0o755);
    }
    builder.create(directory).map_err(cannot_write(directory))
}

/// A copy in the destination's directory, named so that no search takes it for a runner.
fn copy(file: &Path, directory: &Path) -> io::Result<TemporaryFile> {
    let prefix = OsStr::new(PARTIAL);
    remove_abandoned(directory, &[prefix]);
    let mut copy = TemporaryFile::create_in(directory, prefix, 0o600)?;
    io::copy(&mut fs::File::open(file)?, &mut copy)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Set explicitly, so that the umask does not apply.
        let mode = fs::Permissions::from_mode(0o755);
        copy.as_file().set_permissions(mode)?;
    }
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Copies the third-party libraries that lie next to the runner, unless the directory has them.
fn copy_libraries(descriptor: &Descriptor, runner: &Path, directory: &Path) -> Result<(), Failure> {
    for library in &descriptor.libraries {
        let destination = directory.join(&library.file);
        let Some(found) = library.find(runner) else {
            continue;
        };
        if found.parent() != runner.parent() || destination.exists() {
            continue;
        }
        copy(&found, directory)
            .and_then(|copy| copy.persist(&destination))
            .map_err(cannot_write(&destination))?;
    }
    Ok(())
}

/// Loads the runner in a worker, where it describes itself.
fn check_loads(entry: &Entry, file: &Path) -> Result<(), Failure> {
    let loaded = Runner::load(entry, &in_worker(DESCRIBE_TIMEOUT)?);
    loaded.map(drop).map_err(|error: LoadError| {
        let failure = Failure::from(error);
        let reason = failure
            .message
            .replace(&entry.path.display().to_string(), &display_path(file));
        let message = format!("{} is not installed: {reason}", display_path(file));
        Failure::new(Exit::Runner, message)
    })
}

#[cfg(unix)]
fn vet(entry: &Entry, args: &InstallArgs, reporter: &Reporter) -> Result<Option<String>, Failure> {
    super::vet::vet(entry, args, reporter).map(Some)
}

/// The suite is not supported on this system.
#[cfg(not(unix))]
fn vet(_: &Entry, _: &InstallArgs, reporter: &Reporter) -> Result<Option<String>, Failure> {
    reporter
        .warn("the conformance suite is not supported on this system: the runner was only loaded");
    Ok(None)
}

/// The file to write and the version that it replaces. A runner of this name is overwritten in its
/// own file; a new one gets a file named after it.
fn destination(directory: &Path, name: &str) -> Result<(PathBuf, Option<String>), Failure> {
    let catalog = Catalog::scan(&SearchPath::empty().with(directory));
    let files = catalog.places().iter().flat_map(|place| &place.files);
    let mut present = files.flatten().filter_map(|candidate: &Candidate| {
        let descriptor = match &candidate.verdict {
            Verdict::Runner(descriptor) => descriptor,
            Verdict::Incompatible { descriptor, .. } => descriptor,
            Verdict::NotARunner | Verdict::Unusable(_) => return None,
        };
        (descriptor.name == name).then_some((&candidate.path, &descriptor.version))
    });
    if let Some((path, version)) = present.next() {
        if let Some((second, _)) = present.next() {
            return Err(CatalogError::Duplicate {
                name: name.to_owned(),
                first: path.clone(),
                second: second.clone(),
            }
            .into());
        }
        return Ok((path.clone(), Some(version.clone())));
    }
    let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let path = directory.join(format!("{prefix}{name}{suffix}"));
    if path.symlink_metadata().is_ok() {
        let message = format!(
            "{} exists and is not the runner {name:?}; move it away and install again",
            display_path(&path)
        );
        return Err(Failure::new(Exit::Output, message));
    }
    Ok((path, None))
}

/// Warns if the search path finds another runner of this name first. A copy of the same file makes no
/// difference, as that of a build on the PATH.
fn warn_if_hidden(installed: &Entry, reporter: &Reporter) {
    let name = &installed.descriptor.name;
    match Catalog::scan(&SearchPath::standard()).find(name) {
        Ok(found) if found.sha256 == installed.sha256 => {}
        Ok(found) => reporter.warn(&format!(
            "{} has a runner {name:?} too and takes precedence over the installed one",
            display_path(&found.path)
        )),
        Err(error) => reporter.warn(&format!(
            "the installed runner cannot be used: {}",
            Failure::from(error).message
        )),
    }
}
