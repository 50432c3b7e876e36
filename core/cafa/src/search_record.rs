//! How a runner's search found its neighbours, for the extras of its results.

use std::sync::OnceLock;

use protea_contracts::prelude::{serde_json::Value, *};
use protea_neighbours::{Neighbours, SearchMethod};

/// The extra with the name of the kernel that a search used, such as `avx512-vnni`.
pub const KERNEL: &str = "kernel";
/// The extra with the number of leading directions that a search excluded references by.
pub const LEADING_DIRECTIONS: &str = "leading_directions";

/// Remembers how the first search of a call found neighbours. The others of the call use the same
/// kernel.
#[derive(Debug, Default)]
pub struct SearchRecord(OnceLock<SearchMethod>);

impl SearchRecord {
    /// Takes note of the method of a search.
    pub fn note(&self, found: &Neighbours) {
        if let Some(method) = found.method() {
            // Fails if an earlier search was noted.
            let _ = self.0.set(method);
        }
    }

    /// The extras of a result: [`KERNEL`] and [`LEADING_DIRECTIONS`]. None if there was no search.
    pub fn extras(&self) -> impl Iterator<Item = (String, Value)> + use<> {
        let method = self.0.get().copied();
        let kernel = method.map(|method| (KERNEL.to_owned(), json!(method.kernel.name())));
        let directions = method.and_then(|method| method.directions);
        let directions = directions.map(|count| (LEADING_DIRECTIONS.to_owned(), json!(count)));
        kernel.into_iter().chain(directions)
    }
}
