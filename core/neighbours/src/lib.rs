//! Exact k-nearest-neighbour search over embeddings that stay where they are, usually in a memory map.
//!
//! The search is *exact*: the neighbours are those with the least distance computed in double
//! precision in a fixed order of summation, ties going to the lower reference row. A fast kernel
//! of lower precision only decides which rows are worth that computation, and a proven bound on
//! its error decides when a row can be left out. The result therefore does not depend on the
//! number of threads, on the processor or on how the work was cut.
//!
//! | module | what it holds |
//! |---|---|
//! | [`RowBlock`], [`Values`] | the matrix, as the caller has it |
//! | [`Index`] | references with their norms and groups; [`Index::search`] |
//! | [`Neighbours`] | the answer: one sorted list per query and group |
//! | `run` | checks what is asked for, chooses the kernel |
//! | `scan`, `search`, `worker` | the loops over blocks of references and panels of queries |
//! | `bounds` | how far a kernel's score can be from the truth |
//! | `candidates` | the lists kept while scanning |
//! | `exact_distance` | the exact distance, in double precision |
//! | `kernels` | the inner loops, one file per instruction set |
//!
//! This crate knows rows of numbers. It must not know proteins, files or datasets. It holds the only SIMD code of the
//! workspace, and the `unsafe` that goes with it.
//!
//! ```
//! use protea_neighbours::{Index, Membership, Metric, RowBlock, SearchOptions, Values};
//!
//! let references = [1.0_f32, 0.0, 0.0, 1.0, 0.6, 0.8];
//! let queries = [0.0_f32, 2.0];
//! let index = Index::new(
//!     2,
//!     vec![RowBlock { first_row: 0, rows: 3, values: Values::F32(&references) }],
//!     Membership::All,
//!     Metric::Cosine,
//! )?;
//! let queries = [RowBlock { first_row: 0, rows: 1, values: Values::F32(&queries) }];
//! let found = index.search(&queries, &SearchOptions::nearest(2), &|_done, _total| true)?;
//! let list = found.list(0, 0);
//! assert_eq!(list.iter().map(|n| n.row).collect::<Vec<_>>(), [1, 2]);
//! assert!((list[1].distance - 0.2).abs() < 1e-6);
//! # Ok::<(), protea_neighbours::SearchError>(())
//! ```

mod bounds;
#[cfg(test)]
mod bounds_test;
mod candidates;
mod error;
mod exact_distance;
mod index;
mod kernels;
mod metric;
mod neighbours;
mod precision;
mod rows;
mod run;
mod scan;
mod search;
mod worker;

pub use error::SearchError;
pub use index::{Index, Labels, Membership, SearchOptions};
pub use kernels::Kernel;
pub use metric::Metric;
pub use neighbours::{Neighbour, Neighbours};
pub use rows::{RowBlock, Values};
