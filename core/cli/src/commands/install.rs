//! `protea runners install`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use protea_core::{
    Catalog, CatalogError, LoadError, Runner, SearchPath,
    catalog::{Candidate, Entry, Origin, Verdict, examine_directory, inspect, user_directory},
    contracts::Descriptor,
};
use serde_json::json;

use super::session::in_worker;
use crate::{
    args::InstallArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, shown},
};

/// How long a runner may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Copies a runner into the user's directory, after the conformance suite has passed it. Whoever looks meanwhile sees the
/// runner that was there before, or the new one, whole.
pub fn install(args: &InstallArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let directory = user_directory().ok_or_else(|| {
        Failure::new(
            Exit::Output,
            "there is no user's directory of runners: HOME is not set; set it, or copy the file \
             and give its directory with --runner-dir",
        )
    })?;
    // Said before a directory is made for it.
    judge(&args.file, &args.file)?;
    make(&directory)?;
    if let Some(insecure) = examine_directory(&directory) {
        return Err(Failure::new(Exit::Output, insecure.to_string()));
    }

    // What is judged and checked is the copy: the file itself may change at any moment.
    let copy = copy(&args.file, &directory).map_err(cannot_write(&directory))?;
    let descriptor = judge(copy.path(), &args.file)?;
    let entry = Entry::read(copy.path(), descriptor.clone(), Origin::Given)?;
    bring_libraries(&descriptor, &args.file, &directory)?;
    let verdict = match args.no_check {
        true => None,
        false => {
            check(&entry, &args.file)?;
            vet(&entry, args, reporter)?
        }
    };

    let (destination, replaced) = destination(&directory, &descriptor.name)?;
    copy.persist(&destination)
        .map_err(|error| cannot_write(&destination)(error.error))?;
    warn_if_hidden(&descriptor.name, &destination, reporter);
    if args.no_check {
        reporter.warn(&format!(
            "{} was not checked (--no-check): whether it keeps the contract is not known; `protea \
             runners check {}` tells",
            descriptor.name,
            shown(&destination)
        ));
    }

    let instead = match &replaced {
        Some(version) => format!(", in place of version {version}"),
        None => String::new(),
    };
    Ok(Report {
        text: format!(
            "{} {} is installed{instead}: {}\n{}",
            descriptor.name,
            descriptor.version,
            shown(&destination),
            verdict
                .map(|verdict| format!("{verdict}\n"))
                .unwrap_or_default()
        ),
        json: json!({
            "name": descriptor.name,
            "version": descriptor.version,
            "sha256": entry.sha256,
            "path": destination,
            "replaced_version": replaced,
            "checked": !args.no_check,
        }),
    })
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    move |error| {
        Failure::new(
            Exit::Output,
            format!("{} cannot be written: {error}", shown(path)),
        )
    }
}

/// The runner in `file`, which the user knows as `name`.
fn judge(file: &Path, name: &Path) -> Result<Descriptor, Failure> {
    let reason = match inspect(file) {
        Verdict::Runner(descriptor) => return Ok(descriptor),
        Verdict::Incompatible { mismatch, .. } => mismatch.to_string(),
        Verdict::NotARunner => "it is a shared library without a runner; a runner's crate has \
                                `export_runner!` in it"
            .to_owned(),
        Verdict::Unusable(unusable) => unusable.to_string(),
    };
    let message = format!("{} cannot be installed: {reason}", shown(name));
    Err(Failure::new(Exit::Runner, message))
}

fn make(directory: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        // Also where the user's umask would let the group write.
        builder.mode(0o755);
    }
    builder.create(directory).map_err(cannot_write(directory))
}

/// A copy beside the destination, with an ending that no search takes for a runner.
fn copy(file: &Path, directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut copy = tempfile::Builder::new()
        .prefix(".partial-")
        .tempfile_in(directory)?;
    io::copy(&mut fs::File::open(file)?, copy.as_file_mut())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Set, not asked for: the umask has no say.
        let mode = fs::Permissions::from_mode(0o755);
        copy.as_file().set_permissions(mode)?;
    }
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Copies the libraries of others that the runner has beside itself, unless the directory has them.
fn bring_libraries(
    descriptor: &Descriptor,
    runner: &Path,
    directory: &Path,
) -> Result<(), Failure> {
    for library in &descriptor.libraries {
        let destination = directory.join(&library.file);
        let Some(beside) = library.find(runner) else {
            continue;
        };
        if beside.parent() != runner.parent() || destination.exists() {
            continue;
        }
        copy(&beside, directory)
            .and_then(|copy| copy.persist(&destination).map_err(|error| error.error))
            .map_err(cannot_write(&destination))?;
    }
    Ok(())
}

/// Loads the runner in a worker and has it describe itself.
fn check(entry: &Entry, file: &Path) -> Result<(), Failure> {
    let loaded = Runner::load(entry, &in_worker(PATIENCE)?);
    loaded.map(drop).map_err(|error: LoadError| {
        let said = error
            .to_string()
            .replace(&entry.path.display().to_string(), &shown(file));
        let message = format!("{} is not installed: {said}", shown(file));
        Failure::new(Exit::Runner, message)
    })
}

#[cfg(unix)]
fn vet(entry: &Entry, args: &InstallArgs, reporter: &Reporter) -> Result<Option<String>, Failure> {
    super::vet::vet(entry, args, reporter).map(Some)
}

/// The suite needs what only Unix has.
#[cfg(not(unix))]
fn vet(_: &Entry, _: &InstallArgs, reporter: &Reporter) -> Result<Option<String>, Failure> {
    reporter.warn("the conformance suite does not run on this system: the runner was loaded only");
    Ok(None)
}

/// Where the runner goes, and the version that it replaces: over the file that has it now, else into
/// one called after it.
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
            "{} is there and is not the runner {name:?}; move it away and install again",
            shown(&path)
        );
        return Err(Failure::new(Exit::Output, message));
    }
    Ok((path, None))
}

/// Says so if the search does not come to the runner that was installed.
fn warn_if_hidden(name: &str, destination: &Path, reporter: &Reporter) {
    let taken = Catalog::scan(&SearchPath::standard()).find(name);
    match taken {
        Ok(entry) if entry.path == destination => {}
        Ok(entry) => reporter.warn(&format!(
            "{} has a runner {name:?} too and goes before the installed one",
            shown(&entry.path)
        )),
        Err(error) => reporter.warn(&format!("the installed runner cannot be used: {error}")),
    }
}
