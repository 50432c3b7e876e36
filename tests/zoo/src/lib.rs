//! The zoo: runners that each do one thing wrong, called animals. This is the correct rest of them.
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
//! Apart from that, [`Tame`] is a correct runner without data: `fit` writes a model, `evaluate` returns
//! one flat metric, [`SCORE`], and `export` writes the model, the spec and the run.

mod animal;
mod at_load;
pub mod sins;
pub mod system;

pub use animal::{Animal, SCORE, SCORE_VALUE, Tame, ZooSpec};
