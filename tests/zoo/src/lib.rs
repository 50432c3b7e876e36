//! The well-behaved rest of a runner, so that each animal of the zoo shows only its sin.
//!
//! An animal is a file in `animals/`, built as a shared library of its own:
//!
//! ```ignore
//! //! Crashes in `fit`.
//! protea_zoo::animal! {
//!     "crash-in-fit",
//!     "crashes in fit",
//!     fit |_, _| protea_zoo::sins::crash()
//! }
//! ```
//!
//! Around the sin, [`Tame`] is a sound runner without data: `fit` writes a model, `evaluate` gives
//! one flat metric, [`SCORE`], and `export` writes the triple.

mod animal;
mod at_load;
pub mod sins;
pub mod system;

pub use animal::{Animal, SCORE, SCORE_VALUE, Tame, ZooSpec};
