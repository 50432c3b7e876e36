//! The descriptor: what a host reads from a runner's file without loading it.
//!
//! [`export_runner!`](crate::export_runner) puts a block of [`SIZE`] bytes into a link section of
//! the shared library, [`SECTION`]:
//!
//! | bytes | content |
//! |---|---|
//! | 0–15 | [`MAGIC`], whose last byte is the version of this format |
//! | 16–23 | four little-endian `u16`: the lengths of name, version, contract version and summary |
//! | 24– | the four strings, UTF-8, one after the other |
//! | then | for each third-party library that the runner opens, three little-endian `u16` and three strings: file, variable, remedy |
//! | to the end | zeros |
//!
//! A host older than the declaration of libraries reads only the first four strings.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::library::LibraryDeclaration;

/// Begins every descriptor.
pub const MAGIC: [u8; 16] = *b"PROTEA-RUNNER\0\0\x01";
/// The size of a descriptor in bytes.
pub const SIZE: usize = 1024;
/// The link section that holds the descriptor, in ELF and PE files.
#[cfg(not(target_vendor = "apple"))]
pub const SECTION: &str = ".protea";
/// The link section that holds the descriptor, in the segment `__DATA`.
#[cfg(target_vendor = "apple")]
pub const SECTION: &str = "__protea";

const TEXTS: usize = 24;
const NAME_LIMIT: usize = 64;

/// Name, versions and one line about a runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Descriptor {
    /// The name by which it is dispatched: lower-case letters, digits, `-` and `_`, beginning
    /// with a letter, at most 64 characters.
    pub name: String,
    /// The runner's own version.
    pub version: String,
    /// The version of the contract that it was built for.
    pub contract_version: String,
    /// What it does, in one line.
    pub summary: String,
    /// The third-party libraries that it opens at run time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<LibraryDeclaration>,
}

/// Why a block of bytes is not a descriptor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptorError {
    /// It does not begin with [`MAGIC`], or is not [`SIZE`] bytes long.
    #[error(
        "its descriptor section contains no descriptor in this contract's format; build the runner again"
    )]
    Format,
    /// A length points outside the block, or a string is not UTF-8.
    #[error("its descriptor is damaged: {0}; build the runner again")]
    Damaged(&'static str),
    /// The name is not allowed for a runner.
    #[error(
        "its name {0:?} is not allowed; give it at most 64 lower-case letters, digits, '-' and '_', starting with a letter"
    )]
    Name(String),
}

impl Descriptor {
    /// Reads the content of the link section.
    ///
    /// # Errors
    ///
    /// [`DescriptorError`]. The bytes come from a file that is not trusted.
    pub fn parse(section: &[u8]) -> Result<Self, DescriptorError> {
        if section.len() < SIZE || section[..16] != MAGIC {
            return Err(DescriptorError::Format);
        }
        let block = &section[..SIZE];
        let mut at = TEXTS;
        let [name, version, contract_version, summary] = texts(block, &mut at, TEXTS - 8)?;
        let mut libraries = Vec::new();
        while block
            .get(at..at + 6)
            .is_some_and(|lengths| lengths != [0; 6])
        {
            let lengths = at;
            at += 6;
            let [file, variable, remedy] = texts(block, &mut at, lengths)?;
            libraries.push(LibraryDeclaration {
                file,
                variable,
                remedy,
            });
        }
        let descriptor = Self {
            name,
            version,
            contract_version,
            summary,
            libraries,
        };
        if !is_legal_name(descriptor.name.as_bytes()) {
            return Err(DescriptorError::Name(descriptor.name));
        }
        let printable = |text: &String| !text.chars().any(char::is_control);
        let libraries = descriptor.libraries.iter();
        if ![
            &descriptor.version,
            &descriptor.contract_version,
            &descriptor.summary,
        ]
        .into_iter()
        .chain(libraries.flat_map(|library| [&library.file, &library.variable, &library.remedy]))
        .all(printable)
        {
            return Err(DescriptorError::Damaged(
                "a string contains control characters",
            ));
        }
        Ok(descriptor)
    }

    /// Builds the block in a constant, for [`export_runner!`](crate::export_runner).
    ///
    /// # Panics
    ///
    /// At compile time: when the name is not allowed or the strings do not fit.
    #[must_use]
    pub const fn encode(
        name: &str,
        version: &str,
        contract_version: &str,
        summary: &str,
    ) -> [u8; SIZE] {
        assert!(
            is_legal_name(name.as_bytes()),
            "a runner's name has lower-case letters, digits, '-' and '_', begins with a letter, and is at most 64 long"
        );
        let texts = [
            name.as_bytes(),
            version.as_bytes(),
            contract_version.as_bytes(),
            summary.as_bytes(),
        ];
        let mut block = [0; SIZE];
        let mut i = 0;
        while i < MAGIC.len() {
            block[i] = MAGIC[i];
            i += 1;
        }
        let mut at = TEXTS;
        let mut field = 0;
        while field < texts.len() {
            let text = texts[field];
            assert!(
                at + text.len() <= SIZE,
                "the runner's name, version and summary are too long together (1000 bytes)"
            );
            put(&mut block, 16 + 2 * field, at, text);
            at += text.len();
            field += 1;
        }
        block
    }

    /// Adds the third-party libraries that a runner opens to a block from [`encode`](Self::encode).
    ///
    /// # Panics
    ///
    /// At compile time: when a string is empty or they do not fit.
    #[must_use]
    pub const fn with_libraries(
        mut block: [u8; SIZE],
        libraries: &[LibraryDeclaration<&str>],
    ) -> [u8; SIZE] {
        let mut at = TEXTS;
        let mut field = 0;
        while field < 4 {
            at += u16::from_le_bytes([block[16 + 2 * field], block[17 + 2 * field]]) as usize;
            field += 1;
        }
        let mut library = 0;
        while library < libraries.len() {
            let texts = [
                libraries[library].file.as_bytes(),
                libraries[library].variable.as_bytes(),
                libraries[library].remedy.as_bytes(),
            ];
            let lengths = at;
            at += 6;
            let mut field = 0;
            while field < texts.len() {
                assert!(
                    !texts[field].is_empty() && at + texts[field].len() <= SIZE,
                    "the libraries that a runner opens have a file, a variable and a remedy each, and go into 1000 bytes together with its name, version and summary"
                );
                put(&mut block, lengths + 2 * field, at, texts[field]);
                at += texts[field].len();
                field += 1;
            }
            library += 1;
        }
        block
    }

    /// The libraries that the runner at `runner` opens and that are not found.
    #[must_use]
    pub fn missing_libraries(&self, runner: &Path) -> Vec<&LibraryDeclaration> {
        let libraries = self.libraries.iter();
        libraries
            .filter(|library| library.find(runner).is_none())
            .collect()
    }
}

/// Writes a string at `at` and its length at `length_at`.
const fn put(block: &mut [u8; SIZE], length_at: usize, at: usize, text: &[u8]) {
    let length = (text.len() as u16).to_le_bytes();
    block[length_at] = length[0];
    block[length_at + 1] = length[1];
    let mut i = 0;
    while i < text.len() {
        assert!(
            text[i] >= b' ' && text[i] != 0x7f,
            "the runner's name, version and summary are one line each, without control characters"
        );
        block[at + i] = text[i];
        i += 1;
    }
}

/// Reads consecutive strings from `at`, whose lengths are at `lengths`.
fn texts<const N: usize>(
    block: &[u8],
    at: &mut usize,
    lengths: usize,
) -> Result<[String; N], DescriptorError> {
    let mut texts = [const { String::new() }; N];
    for (field, text) in texts.iter_mut().enumerate() {
        let length_at = lengths + 2 * field;
        let length = u16::from_le_bytes([block[length_at], block[length_at + 1]]) as usize;
        let bytes = block
            .get(*at..*at + length)
            .ok_or(DescriptorError::Damaged(
                "a string reaches beyond the end of the descriptor",
            ))?;
        *at += length;
        std::str::from_utf8(bytes)
            .map_err(|_| DescriptorError::Damaged("a string is not UTF-8"))?
            .clone_into(text);
    }
    Ok(texts)
}

/// Whether `name` is allowed for a runner.
#[must_use]
pub const fn is_legal_name(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > NAME_LIMIT || !name[0].is_ascii_lowercase() {
        return false;
    }
    let mut i = 1;
    while i < name.len() {
        if !matches!(name[i], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: [u8; SIZE] = Descriptor::encode("knn", "0.1.0", "1.0.0", "Nächste Nachbarn");

    #[test]
    fn a_descriptor_round_trips() {
        let read = Descriptor::parse(&BLOCK).unwrap();
        assert_eq!(
            read,
            Descriptor {
                name: "knn".into(),
                version: "0.1.0".into(),
                contract_version: "1.0.0".into(),
                summary: "Nächste Nachbarn".into(),
                libraries: Vec::new(),
            }
        );
    }

    const LIBRARY: LibraryDeclaration<&str> = LibraryDeclaration {
        file: "lib_third_party.so",
        variable: "THIRD_PARTY",
        remedy: "build it",
    };
    const WITH_LIBRARIES: [u8; SIZE] = Descriptor::with_libraries(BLOCK, &[LIBRARY, LIBRARY]);

    #[test]
    fn libraries_come_after_what_older_hosts_read() {
        let read = Descriptor::parse(&WITH_LIBRARIES).unwrap();
        let [one, other] = &read.libraries[..] else {
            panic!("{read:?}");
        };
        assert_eq!(one, other);
        assert_eq!(one.file, LIBRARY.file);
        assert_eq!(one.variable, LIBRARY.variable);
        assert_eq!(one.remedy, LIBRARY.remedy);
        let missing = read.missing_libraries("/no/such/directory/runner.so".as_ref());
        assert_eq!(missing.len(), 2);
        // The lengths and the first four strings are unchanged.
        let texts = TEXTS + "knn0.1.01.0.0Nächste Nachbarn".len();
        assert_eq!(WITH_LIBRARIES[..texts], BLOCK[..texts]);
        assert_eq!(
            Descriptor::parse(&BLOCK).unwrap(),
            Descriptor {
                libraries: Vec::new(),
                ..read
            }
        );
    }

    #[test]
    fn damaged_libraries_are_rejected() {
        let at = TEXTS + "knn0.1.01.0.0Nächste Nachbarn".len();
        let mut long = WITH_LIBRARIES;
        long[at + 4..at + 6].copy_from_slice(&u16::MAX.to_le_bytes());
        let mut control = WITH_LIBRARIES;
        control[at + 6] = b'\n';
        for block in [long, control] {
            assert!(matches!(
                Descriptor::parse(&block),
                Err(DescriptorError::Damaged(_))
            ));
        }
    }

    #[test]
    fn a_truncated_or_foreign_block_is_not_a_descriptor() {
        assert_eq!(
            Descriptor::parse(&BLOCK[..SIZE - 1]),
            Err(DescriptorError::Format)
        );
        let mut other = BLOCK;
        other[0] ^= 1;
        assert_eq!(Descriptor::parse(&other), Err(DescriptorError::Format));
    }

    #[test]
    fn wrong_lengths_bad_utf8_and_illegal_names_differ() {
        let mut long = BLOCK;
        long[22..24].copy_from_slice(&u16::MAX.to_le_bytes());
        assert!(matches!(
            Descriptor::parse(&long),
            Err(DescriptorError::Damaged(_))
        ));
        let mut broken = BLOCK;
        broken[24 + 13] = 0xff;
        assert!(matches!(
            Descriptor::parse(&broken),
            Err(DescriptorError::Damaged(_))
        ));
        let mut slash = BLOCK;
        slash[25] = b'/';
        assert_eq!(
            Descriptor::parse(&slash),
            Err(DescriptorError::Name("k/n".into()))
        );
    }
}
