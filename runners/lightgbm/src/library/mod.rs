//! LightGBM itself: the official library, opened at run time.
//!
//! The library is the one that its authors build and publish in the `lightgbm` wheel on PyPI, called
//! through its C interface. It is opened, not linked, so that this crate builds without a C++ compiler or
//! CMake, and so that a runner whose library is missing can say so. The alternative, the crate
//! `lightgbm3`, compiles LightGBM from source: it needs CMake 3.28 and libclang, takes minutes, and
//! gives the same functions.
//!
//! | file | what it holds |
//! |---|---|
//! | `ffi` | the C interface; `unsafe` |
//! | `system` | where this code lies, memory given back; `unsafe` |
//! | `booster` | [`Booster`]: training, prediction, contributions |
//! | `matrix` | [`Matrix`]: features, row after row |
//! | `error` | [`LightGbmError`] |

mod booster;
mod error;
mod ffi;
mod matrix;
mod system;

use std::path::{Path, PathBuf};

use protea_contracts::LibraryDeclaration;

pub use booster::{Booster, Data, threads_for};
pub use error::LightGbmError;
pub use matrix::Matrix;

#[cfg(target_vendor = "apple")]
const FILE: &str = "lib_lightgbm.dylib";
#[cfg(windows)]
const FILE: &str = "lib_lightgbm.dll";
#[cfg(not(any(target_vendor = "apple", windows)))]
const FILE: &str = "lib_lightgbm.so";

/// The library, where it may be, and how to get it.
pub const LIBRARY: LibraryDeclaration<&str> = LibraryDeclaration {
    file: FILE,
    variable: "PROTEA_LIGHTGBM_LIBRARY",
    remedy: "`runners/lightgbm/build` in protea's repository gets it",
};

/// The open library.
#[derive(Clone, Copy)]
pub struct LightGbm {
    api: ffi::Api,
}

impl LightGbm {
    /// Opens the library where it is declared to be: what `PROTEA_LIGHTGBM_LIBRARY` names, beside the
    /// runner's own file, among the system's libraries.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Missing`], [`LightGbmError::NotThere`], [`LightGbmError::Open`],
    /// [`LightGbmError::TooOld`].
    pub fn open() -> Result<Self, LightGbmError> {
        let own = system::own_file().unwrap_or_default();
        match LIBRARY.find(&own) {
            Some(path) => Self::open_file(&path),
            None => Err(match std::env::var_os(LIBRARY.variable) {
                Some(path) if !path.is_empty() => LightGbmError::NotThere {
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
    pub fn open_file(path: &Path) -> Result<Self, LightGbmError> {
        let api = ffi::Api::open(path)?;
        Ok(Self { api })
    }

    /// Gives back to the system what the library has freed, so that a process of many calls does not grow.
    pub fn give_back(&self) {
        system::give_back();
    }
}
