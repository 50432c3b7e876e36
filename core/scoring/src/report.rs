//! What was left out while reading, for the user to know.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use serde::Serialize;

/// Lines are still counted beyond this many distinct names, names no longer: memory stays bounded whatever the file.
const MOST_DISTINCT: usize = 1 << 20;
const EXAMPLES: usize = 5;

/// Names met that were not looked for: on how many lines, how many distinct ones, and the first few.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Lines with such a name.
    pub lines: u64,
    /// Distinct names; not counted beyond 1,048,576.
    pub distinct: usize,
    /// The first few of them, in the order of the file.
    pub examples: Vec<String>,
    #[serde(skip)]
    seen: HashSet<u64>,
}

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Tally {
    pub(super) fn add(&mut self, name: &[u8]) {
        self.lines += 1;
        if self.seen.len() < MOST_DISTINCT && self.seen.insert(HASHER.hash_one(name)) {
            self.distinct = self.seen.len();
            if self.examples.len() < EXAMPLES {
                self.examples
                    .push(String::from_utf8_lossy(&name[..name.len().min(80)]).into_owned());
            }
        }
    }

    /// Adds what was met later in the file.
    pub(super) fn merge(&mut self, later: Tally) {
        self.lines += later.lines;
        let room = EXAMPLES - self.examples.len();
        let new = later
            .examples
            .into_iter()
            .filter(|e| !self.seen.contains(&HASHER.hash_one(e.as_bytes())))
            .take(room);
        self.examples.extend(new);
        for name in later.seen {
            if self.seen.len() < MOST_DISTINCT {
                self.seen.insert(name);
            }
        }
        self.distinct = self.seen.len();
    }

    pub(super) fn sample(&self) -> String {
        if self.examples.is_empty() {
            "none".to_owned()
        } else {
            self.examples.join(", ")
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} distinct on {} lines", self.distinct, self.lines)?;
        if !self.examples.is_empty() {
            write!(
                f,
                " ({}{})",
                self.examples.join(", "),
                if self.distinct > self.examples.len() {
                    ", …"
                } else {
                    ""
                }
            )?;
        }
        Ok(())
    }
}

/// What a file held and what of it was left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Skipped {
    /// Lines read, empty ones not counted.
    pub lines: u64,
    /// Lines used.
    pub used: u64,
    /// Lines with too few columns.
    pub short_lines: u64,
    /// Proteins that are not in the ground truth. Always empty for a ground truth.
    pub unknown_proteins: Tally,
    /// Terms that are not in the ontology, or obsolete in it, on lines of proteins that are in the ground truth.
    pub unknown_terms: Tally,
    /// Lines whose protein is in the ground truth, but not in the namespace of the term.
    pub other_namespace: u64,
}

impl Skipped {
    pub(super) fn merge(&mut self, later: Skipped) {
        self.lines += later.lines;
        self.used += later.used;
        self.short_lines += later.short_lines;
        self.unknown_proteins.merge(later.unknown_proteins);
        self.unknown_terms.merge(later.unknown_terms);
        self.other_namespace += later.other_namespace;
    }
}
