//! LightGBM: the official library, opened at run time.
//!
//! The library is the one that LightGBM's authors publish in the `lightgbm` wheel on PyPI, called
//! through its C interface. It is opened, not linked, so that this crate builds without a C++
//! compiler and CMake, and so that a runner without the library can report that. The alternative,
//! the crate `lightgbm3`, compiles the same functions from source: it needs CMake 3.28 and
//! libclang, and takes minutes.
//!
//! | file | content |
//! |---|---|
//! | `ffi` | the C interface; `unsafe` |
//! | `system` | the path of this library, releasing memory; `unsafe` |
//! | `booster` | [`Booster`]: training, prediction, contributions |
//! | `threads` | [`Threads`]: one number of threads for all calls at the same time |
//! | `numbers` | what LightGBM predicts, and the numbers of a matrix as it takes them |
//! | `matrix` | [`Matrix`]: features in rows |
//! | `error` | [`LightGbmError`] |

mod booster;
mod error;
mod ffi;
mod matrix;
mod numbers;
mod system;
mod threads;

use std::path::{Path, PathBuf};

use protea_contracts::LibraryDeclaration;

pub(crate) use booster::{Booster, Data};
pub(crate) use error::LightGbmError;
pub(crate) use matrix::Matrix;
pub(crate) use threads::Threads;

#[cfg(target_vendor = "apple")]
const FILE: &str = "lib_lightgbm.dylib";
#[cfg(windows)]
const FILE: &str = "lib_lightgbm.dll";
#[cfg(not(any(target_vendor = "apple", windows)))]
const FILE: &str = "lib_lightgbm.so";

/// The library, the places where it can be, and how to get it.
pub(crate) const LIBRARY: LibraryDeclaration<&str> = LibraryDeclaration {
    file: FILE,
    variable: "PROTEA_LIGHTGBM_LIBRARY",
    remedy: "run `runners/lightgbm/build` in protea's repository",
};

/// The open library.
#[derive(Clone, Copy)]
pub(crate) struct LightGbm {
    api: ffi::Api,
}

impl LightGbm {
    /// Opens the library in the first declared place that has it: the path in
    /// `PROTEA_LIGHTGBM_LIBRARY`, the directory of the runner's file, the system's libraries.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Missing`], [`LightGbmError::FileNotFound`], [`LightGbmError::Open`],
    /// [`LightGbmError::TooOld`].
    pub(crate) fn open() -> Result<Self, LightGbmError> {
        let own = system::own_file().unwrap_or_default();
        match LIBRARY.find(&own) {
            Some(path) => Self::open_file(&path),
            None => Err(match std::env::var_os(LIBRARY.variable) {
                Some(path) if !path.is_empty() => LightGbmError::FileNotFound {
                    path: PathBuf::from(path),
                },
                _ => LightGbmError::Missing,
            }),
        }
    }

    /// Opens the library in this file.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Open`], [`LightGbmError::TooOld`].
    pub(crate) fn open_file(path: &Path) -> Result<Self, LightGbmError> {
        let api = ffi::Api::open(path)?;
        Ok(Self { api })
    }

    /// Returns the memory that the library has freed to the system, so that a process does not grow
    /// with every call.
    pub(crate) fn release_memory(&self) {
        system::release_memory();
    }
}
