//! Sandbox paths: the files that a call must be able to read and execute.

use std::{
    ffi::OsStr,
    fs::File,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use object::{
    Endianness, ReadCache,
    elf::{ET_DYN, FileHeader64},
    read::elf::{FileHeader, ProgramHeader},
};
use protea_contracts::{
    LibraryDeclaration, ProgramDeclaration, ReferenceModel, content, model, request::RequestUris,
};

use serde_json::Value;
use url::Url;

use super::programs;
use crate::dataset;

/// The files and directories that a call with these URIs reads.
pub(super) fn request(uris: RequestUris<'_>) -> Vec<PathBuf> {
    let dataset = uris.dataset.and_then(|uri| uri.to_file_path().ok());
    let model = uris.model.and_then(|uri| model::document(uri).ok());
    let earlier = uris.earlier_models.iter();
    let earlier = earlier.filter_map(|uri| Some(uri.to_file_path().ok()?.parent()?.to_owned()));
    dataset
        .into_iter()
        .chain(model.iter().flat_map(|document| with_reference(document)))
        .chain(earlier)
        .chain(
            uris.partials
                .iter()
                .filter_map(|uri| uri.to_file_path().ok()),
        )
        .collect()
}

/// A runner's file, the libraries in its directory, and the other libraries that it declares.
pub(super) fn library(path: &Path, declared: &[LibraryDeclaration]) -> Vec<PathBuf> {
    let beside = path.parent().and_then(|parent| parent.read_dir().ok());
    let libraries = beside
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.ends_with(".so") || name.contains(".so.")
        })
        .map(|entry| entry.path())
        // A link of such a name can lead anywhere.
        .filter(|path| is_shared_library(path))
        // The start message of a worker can hold UTF-8 paths only.
        .filter(|path| path.to_str().is_some());
    let found = declared.iter().filter_map(|library| library.find(path));
    // The sandbox needs the target of a link.
    let found = found.filter_map(|path| path.canonicalize().ok());
    // A runner can declare any variable, such as one that holds the path of a key.
    let found = found.filter(|path| is_shared_library(path));
    std::iter::once(path.to_owned())
        .chain(libraries)
        .chain(found)
        .collect()
}

/// The variables that hold the paths of declared libraries, if there is a library at that path.
pub(super) fn library_variables(declared: &[LibraryDeclaration]) -> Vec<String> {
    let holds_library = |variable: &&String| {
        std::env::var_os(variable).is_some_and(|path| is_shared_library(Path::new(&path)))
    };
    let variables = declared.iter().map(|library| &library.variable);
    variables.filter(holds_library).cloned().collect()
}

/// Whether a file is a shared library in ELF.
fn is_shared_library(path: &Path) -> bool {
    let is_library = || {
        // Checked before it is opened: opening a FIFO waits for a writer.
        if !path.metadata().ok()?.is_file() {
            return None;
        }
        let file = ReadCache::new(File::open(path).ok()?);
        let header = FileHeader64::<Endianness>::parse(&file).ok()?;
        Some(header.e_type(header.endian().ok()?) == ET_DYN)
    };
    is_library().unwrap_or_default()
}

/// The files that programs need to start.
#[derive(Debug, Default)]
pub(super) struct Programs {
    /// The programs and their dynamic loaders.
    pub(super) executes: Vec<PathBuf>,
    /// Directories of bundled libraries: `lib` next to the program's `bin`.
    pub(super) reads: Vec<PathBuf>,
}

/// The programs that are installed.
pub(super) fn programs(declared: &[ProgramDeclaration]) -> Programs {
    let mut found = Programs::default();
    for file in declared.iter().flat_map(programs::files) {
        let Ok(file) = file.canonicalize() else {
            continue;
        };
        let libraries = file.parent().and_then(Path::parent);
        found.reads.extend(
            libraries
                .map(|prefix| prefix.join("lib"))
                .filter(|lib| lib.is_dir()),
        );
        found.executes.extend(interpreter(&file));
        found.executes.push(file);
    }
    found
}

/// The dynamic loader that a program names.
fn interpreter(program: &Path) -> Option<PathBuf> {
    let file = ReadCache::new(File::open(program).ok()?);
    let header = FileHeader64::<Endianness>::parse(&file).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, &file).ok()?;
    let mut interpreters = segments
        .iter()
        .filter_map(|segment| segment.interpreter(endian, &file).ok().flatten());
    interpreters
        .next()
        .map(|path| OsStr::from_bytes(path).into())
}

/// The directory of a model, which can hold its weights, and the dataset that the model refers to.
///
/// A runner can write a model that refers to any directory, so only a frozen dataset with the hash
/// in the model is readable, and a relative path must stay in the model's directory.
fn with_reference(path: &Path) -> Vec<PathBuf> {
    let mut reads: Vec<PathBuf> = path.parent().map(Path::to_owned).into_iter().collect();
    let plain = |uri: &str| {
        let mut parts = Path::new(uri).components();
        Url::parse(uri).is_ok() || parts.all(|part| matches!(part, Component::Normal(_)))
    };
    if let Ok(Some(reference)) = ReferenceModel::<Value>::read(path)
        && plain(&reference.dataset_uri)
        && let Ok(directory) = reference.dataset_dir(path)
        && content::digest_file(&directory.join(dataset::MANIFEST))
            .is_ok_and(|(sha256, _)| sha256 == *reference.dataset_sha256)
    {
        reads.push(directory);
    }
    reads
}
