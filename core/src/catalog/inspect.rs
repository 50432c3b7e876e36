//! Looking into a file without loading it: is it a whole shared library for this machine, and
//! does it carry a runner's descriptor?

use std::{fs, path::Path};

use object::{Architecture, BinaryFormat, Object, ObjectSection, ObjectSegment};
use protea_contracts::{
    Descriptor, content, descriptor,
    version::{self, VersionMismatch},
};

/// No runner is larger, in bytes; a file is read whole.
const LARGEST: u64 = 1 << 30;

/// What a file in a runner directory turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A runner.
    Runner(Inspected),
    /// A runner for another contract.
    Incompatible {
        /// What it says of itself.
        descriptor: Descriptor,
        /// Both versions and the remedy.
        mismatch: VersionMismatch,
    },
    /// A shared library without a descriptor: something else's business.
    NotARunner,
    /// Not usable, and why.
    Unusable(Unusable),
}

/// A runner's file, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// What it says of itself.
    pub descriptor: Descriptor,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// Why a file that looks like a shared library cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is no shared library, whatever its name.
    #[error("it is not a shared library; remove it or give it another ending")]
    NotALibrary,
    /// It is larger than any runner.
    #[error("it has {0} bytes; a runner has at most {LARGEST}")]
    TooLarge(u64),
    /// It ends before its headers say, or they make no sense.
    #[error("it is damaged or cut short ({size} bytes): {reason}; copy or build it again")]
    Damaged {
        /// Its size in bytes.
        size: usize,
        /// What gave it away.
        reason: String,
    },
    /// It is for another machine.
    #[error("it is for {found}, this machine is {expected}; build it here")]
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

/// Reads and judges the file at `path`. Runs none of its code.
#[must_use]
pub fn inspect(path: &Path) -> Verdict {
    // Read, not mapped: a file that another process cuts short would kill a mapping's reader.
    match read(path) {
        Ok(bytes) => judge(&bytes),
        Err(unusable) => Verdict::Unusable(unusable),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    let unreadable = |error: std::io::Error| Unusable::Unreadable(error.to_string());
    // Opening a pipe would wait for somebody to write to it.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Unusable::NotALibrary);
    }
    if metadata.len() > LARGEST {
        return Err(Unusable::TooLarge(metadata.len()));
    }
    fs::read(path).map_err(unreadable)
}

fn judge(bytes: &[u8]) -> Verdict {
    let section = match descriptor_section(bytes) {
        Ok(Some(section)) => section,
        Ok(None) => return Verdict::NotARunner,
        Err(unusable) => return Verdict::Unusable(unusable),
    };
    match Descriptor::parse(section) {
        Ok(descriptor) => match version::accept(&descriptor.contract_version) {
            Ok(()) => Verdict::Runner(Inspected {
                descriptor,
                sha256: content::digest_bytes(bytes),
            }),
            Err(mismatch) => Verdict::Incompatible {
                descriptor,
                mismatch,
            },
        },
        Err(error) => Verdict::Unusable(error.into()),
    }
}

fn descriptor_section(bytes: &[u8]) -> Result<Option<&[u8]>, Unusable> {
    let damaged = |reason: String| Unusable::Damaged {
        size: bytes.len(),
        reason,
    };
    if object::FileKind::parse(bytes).is_err() {
        return Err(Unusable::NotALibrary);
    }
    let file = object::File::parse(bytes).map_err(|error| damaged(error.to_string()))?;
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
    // The loader maps segments by their headers and dies of a page that is not there.
    for segment in file.segments() {
        let (start, length) = segment.file_range();
        if start
            .checked_add(length)
            .is_none_or(|end| end > bytes.len() as u64)
        {
            return Err(damaged(format!(
                "a segment of {length} bytes begins at {start}"
            )));
        }
    }
    let mut found = None;
    for section in file.sections() {
        let data = section.data().map_err(|error| {
            damaged(format!(
                "section {}: {error}",
                section.name().unwrap_or("without a name")
            ))
        })?;
        if section.name() == Ok(descriptor::SECTION) {
            found = Some(data);
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
