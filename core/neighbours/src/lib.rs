//! Exact k-nearest-neighbour search over borrowed embeddings, usually from a memory-mapped file.
//!
//! The search is *exact*: it returns the references with the smallest distances, computed in double
//! precision in a fixed order of summation. Of equal distances, the lower reference row wins. A
//! fast kernel of lower precision only selects the candidates for that computation. A proven bound
//! on its error guarantees that no neighbour is lost. The result therefore does not depend on the
//! number of threads, on the processor or on how the work is split.
//!
//! | module | content |
//! |---|---|
//! | [`RowBlock`], [`Values`] | the matrix, borrowed from the caller |
//! | [`Index`] | the references with their norms and groups; [`Index::search`] |
//! | [`Neighbours`] | the result: one sorted list per query and group |
//! | [`IndexCache`] | where an index keeps what it computed, for later processes |
//! | `saved` | the form in which it is saved |
//! | `run` | checks the arguments and chooses the kernel |
//! | `parts` | the search in so many references that memory has to be bounded |
//! | `leading` | the search that excludes most references by a bound from leading directions |
//! | `byte_scan` | the search that multiplies every row as bytes |
//! | `scan`, `search`, `worker` | the search that multiplies every row: the loops over blocks of references and panels of queries |
//! | `bounds` | scaling for a kernel, and the bound on its error |
//! | `candidates` | the candidate lists during a scan |
//! | `exact_distance` | the exact distance in double precision |
//! | `kernels` | the inner loops, one file per instruction set |
//! | [`local_scores`] | scores of local alignments of sequences, which need the same instructions |
//!
//! This crate knows rows of numbers. It must not know proteins, files or datasets; the residues of a
//! sequence are numbers too. It contains the
//! only SIMD code of the workspace, with the `unsafe` code that SIMD needs.
//!
//! ```
//! use protea_neighbours::{Index, Membership, DistanceMetric, RowBlock, SearchOptions, Values};
//!
//! let references = [1.0_f32, 0.0, 0.0, 1.0, 0.6, 0.8];
//! let queries = [0.0_f32, 2.0];
//! let index = Index::new(
//!     2,
//!     vec![RowBlock { first_row: 0, rows: 3, values: Values::F32(&references) }],
//!     Membership::All,
//!     DistanceMetric::Cosine,
//! )?;
//! let queries = [RowBlock { first_row: 0, rows: 1, values: Values::F32(&queries) }];
//! let found = index.search(&queries, &SearchOptions::nearest(2), &|_done, _total| true)?;
//! let list = found.list(0, 0);
//! assert_eq!(list.iter().map(|n| n.row).collect::<Vec<_>>(), [1, 2]);
//! assert!((list[1].distance - 0.2).abs() < 1e-6);
//! # Ok::<(), protea_neighbours::NeighbourSearchError>(())
//! ```

mod aligned;
mod batches;
mod bounds;
#[cfg(test)]
mod bounds_test;
mod byte_scan;
mod candidates;
mod error;
mod exact_distance;
mod index;
mod index_cache;
mod kernels;
mod leading;
mod local_alignment;
mod local_scoring;
mod metric;
mod neighbours;
mod order;
mod parts;
mod precision;
mod rows;
mod run;
mod saved;
mod scan;
mod search;
#[cfg(test)]
mod test_vectors;
mod worker;

pub use error::NeighbourSearchError;
pub use index::{Index, Labels, Membership, Pruning, SearchOptions};
pub use index_cache::{CachePart, CachedBytes, IndexCache};
pub use kernels::Kernel;
pub use local_alignment::local_scores;
pub use local_scoring::LocalScoring;
pub use metric::DistanceMetric;
pub use neighbours::{Neighbour, Neighbours, SearchMethod};
pub use rows::{RowBlock, Values};
