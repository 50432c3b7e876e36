//! What a call has to read: what its request names, and what that leads to.

use std::{
    ffi::OsStr,
    fs::File,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use object::{
    Endianness, ReadCache,
    elf::FileHeader64,
    read::elf::{FileHeader, ProgramHeader},
};
use protea_contracts::{
    EvaluateRequest, ExplainRequest, ExportRequest, FitRequest, LibraryDeclaration,
    ProgramDeclaration, ReferenceModel, content,
};

use super::programs;
use crate::dataset;

/// A larger model is not a reference model.
const LARGEST_REFERENCE: u64 = 4 << 20;

/// A request of a runner's call.
pub(super) trait Reads {
    /// The files and directories that the call reads.
    fn reads(&self) -> Vec<PathBuf>;
}

impl Reads for () {
    fn reads(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

impl Reads for FitRequest {
    fn reads(&self) -> Vec<PathBuf> {
        let earlier = self.earlier_models.iter();
        let earlier = earlier.filter_map(|uri| uri.to_file_path().ok());
        let directories = earlier.filter_map(|model| Some(model.parent()?.to_owned()));
        self.dataset_dir().into_iter().chain(directories).collect()
    }
}

impl Reads for EvaluateRequest {
    fn reads(&self) -> Vec<PathBuf> {
        let model = self.model_path().into_iter().flat_map(|path| model(&path));
        self.dataset_dir().into_iter().chain(model).collect()
    }
}

impl Reads for ExplainRequest {
    fn reads(&self) -> Vec<PathBuf> {
        let model = self.model_path().into_iter().flat_map(|path| model(&path));
        self.dataset_dir().into_iter().chain(model).collect()
    }
}

impl Reads for ExportRequest {
    fn reads(&self) -> Vec<PathBuf> {
        let model = self.model_path().into_iter().flat_map(|path| model(&path));
        model.collect()
    }
}

/// A runner's file, the libraries beside it that it may need, and those elsewhere that it declares.
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
        // A worker cannot be told of others.
        .filter(|path| path.to_str().is_some());
    let found = declared.iter().filter_map(|library| library.find(path));
    // Where a link leads to is what is read.
    let found = found.filter_map(|path| path.canonicalize().ok());
    std::iter::once(path.to_owned())
        .chain(libraries)
        .chain(found)
        .collect()
}

/// What starting some programs takes.
#[derive(Debug, Default)]
pub(super) struct Programs {
    /// The programs, and what the system loads them with.
    pub(super) executes: Vec<PathBuf>,
    /// Where a program that came with libraries of its own has them: in `lib` beside its `bin`.
    pub(super) reads: Vec<PathBuf>,
}

/// Those of the programs that are there.
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

/// The directory of a model, where its weights may lie; and the dataset, if it refers to one.
///
/// A runner can write a model that refers to anything: only a frozen dataset with the hash that the
/// model gives is taken for one.
fn model(path: &Path) -> Vec<PathBuf> {
    let mut reads: Vec<PathBuf> = path.parent().map(Path::to_owned).into_iter().collect();
    let small = path
        .metadata()
        .is_ok_and(|metadata| metadata.len() <= LARGEST_REFERENCE);
    let reference = small
        .then(|| std::fs::read(path).ok())
        .flatten()
        .and_then(|bytes| serde_json::from_slice::<ReferenceModel>(&bytes).ok());
    if let Some(reference) = reference
        && let Ok(directory) = reference.dataset_dir(path)
        && content::digest_file(&directory.join(dataset::MANIFEST))
            .is_ok_and(|(sha256, _)| sha256 == reference.dataset_sha256)
    {
        reads.push(directory);
    }
    reads
}
