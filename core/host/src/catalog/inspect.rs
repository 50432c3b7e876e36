//! Inspects a file without loading it: whether it is a complete shared library for this machine
//! with a runner's descriptor.

use std::{
    fs::{self, File},
    path::Path,
};

use object::{Architecture, BinaryFormat, Object, ObjectSection, ObjectSegment, ReadCache};
use protea_contracts::{
    Descriptor, descriptor,
    version::{self, VersionMismatch},
};

/// The largest runner in bytes.
const LARGEST: u64 = 1 << 30;

/// What a file in a runner directory turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A runner.
    Runner(Descriptor),
    /// A runner for another contract.
    Incompatible {
        /// Its descriptor.
        descriptor: Descriptor,
        /// Both versions and the remedy.
        mismatch: VersionMismatch,
    },
    /// A shared library without a descriptor: not a runner.
    NotARunner,
    /// Not usable, and why.
    Unusable(Unusable),
}

/// Why a file that looks like a shared library cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is not a shared library.
    #[error("it is not a shared library; remove it or give it another file extension")]
    NotALibrary,
    /// It is larger than any runner.
    #[error("it has {0} bytes; a runner has at most {LARGEST}")]
    TooLarge(u64),
    /// It is shorter than its headers say, or the headers are invalid.
    #[error("it is damaged or incomplete ({size} bytes): {reason}; copy or build it again")]
    Damaged {
        /// Its size in bytes.
        size: u64,
        /// What is invalid.
        reason: String,
    },
    /// It is for another machine.
    #[error("it was built for {found}, but this machine is {expected}; build it on this machine")]
    OtherMachine {
        /// What the library is for.
        found: String,
        /// What this machine is.
        expected: String,
    },
    /// Its descriptor is not one.
    #[error(transparent)]
    Descriptor(#[from] descriptor::DescriptorError),
}

/// Inspects the headers and the descriptor of the file at `path`. Runs none of its code and reads
/// nothing else.
#[must_use]
pub fn inspect(path: &Path) -> Verdict {
    let section = match open(path).and_then(|(file, size)| descriptor_section(file, size)) {
        Ok(Some(section)) => section,
        Ok(None) => return Verdict::NotARunner,
        Err(unusable) => return Verdict::Unusable(unusable),
    };
    match Descriptor::parse(&section) {
        Ok(descriptor) => match version::accept(&descriptor.contract_version) {
            Ok(()) => Verdict::Runner(descriptor),
            Err(mismatch) => Verdict::Incompatible {
                descriptor,
                mismatch,
            },
        },
        Err(error) => Verdict::Unusable(error.into()),
    }
}

fn open(path: &Path) -> Result<(File, u64), Unusable> {
    let unreadable = |error: std::io::Error| Unusable::Unreadable(error.to_string());
    // Opening a pipe would block until another process writes to it.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Unusable::NotALibrary);
    }
    if metadata.len() > LARGEST {
        return Err(Unusable::TooLarge(metadata.len()));
    }
    Ok((File::open(path).map_err(unreadable)?, metadata.len()))
}

fn descriptor_section(file: File, size: u64) -> Result<Option<Vec<u8>>, Unusable> {
    let damaged = |reason: String| Unusable::Damaged { size, reason };
    // Read, not mapped: if another process truncates a mapped file, its reader gets SIGBUS.
    let bytes = ReadCache::new(file);
    if object::FileKind::parse(&bytes).is_err() {
        return Err(Unusable::NotALibrary);
    }
    let file = object::File::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
    if !matches!(
        file.format(),
        BinaryFormat::Elf | BinaryFormat::MachO | BinaryFormat::Pe
    ) {
        return Err(Unusable::NotALibrary);
    }
    if let Some(expected) = this_machine()
        && file.architecture() != expected
    {
        return Err(Unusable::OtherMachine {
            found: format!("{:?}", file.architecture()),
            expected: format!("{expected:?}"),
        });
    }
    // The loader maps segments by their headers and crashes on a missing page.
    let inside =
        |what: &dyn Fn() -> String, (start, length): (u64, u64)| match start.checked_add(length) {
            Some(end) if end <= size => Ok(()),
            _ => Err(damaged(format!(
                "{} of {length} bytes begins at {start}",
                what()
            ))),
        };
    for segment in file.segments() {
        inside(&|| "a segment".to_owned(), segment.file_range())?;
    }
    let mut found = None;
    for section in file.sections() {
        let Some(range) = section.file_range() else {
            continue;
        };
        let name = section.name().unwrap_or("without a name");
        inside(&|| format!("section {name}"), range)?;
        if name == descriptor::SECTION {
            let block = section
                .data_range(section.address(), descriptor::SIZE as u64)
                .map_err(|error| damaged(error.to_string()))?;
            found = Some(block.unwrap_or_default().to_vec());
        }
    }
    Ok(found)
}

fn this_machine() -> Option<Architecture> {
    match std::env::consts::ARCH {
        "x86_64" => Some(Architecture::X86_64),
        "aarch64" => Some(Architecture::Aarch64),
        "x86" => Some(Architecture::I386),
        "riscv64" => Some(Architecture::Riscv64),
        _ => None,
    }
}
