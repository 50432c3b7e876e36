//! Lineages of taxa: the tree of NCBI, or a table of taxon and parent.

mod read;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::Write,
};

pub use read::read_lineages;

/// The rank of a row that states a merged taxon, in the table of [`Lineages::table`].
const MERGED: &str = "merged";

/// A tree of taxa, or several.
///
/// A taxon that NCBI merged into another one stands for that one. The *distance* of two taxa is the
/// number of steps from the one to the other through their lowest common ancestor: 0 for the same
/// taxon, 1 for parent and child, 2 for siblings.
#[derive(Debug, Clone, Default)]
pub struct Lineages {
    nodes: HashMap<u32, Node>,
    /// The taxa that old ones were merged into.
    merged: HashMap<u32, u32>,
    deleted: HashSet<u32>,
    /// The names of the ranks, in order of appearance.
    ranks: Vec<String>,
    implied_roots: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The taxon itself if it is a root.
    parent: u32,
    /// Position in `ranks`.
    rank: Option<u16>,
    /// Line of the file, for messages.
    line: u32,
}

/// Why a taxon has no lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLineage {
    /// NCBI deleted it.
    Deleted,
    /// The table does not have it.
    Unknown,
}

impl Lineages {
    /// The taxon that stands for `taxon` in the tree: itself, or what it was merged into.
    ///
    /// # Errors
    ///
    /// [`NoLineage`] if the tree has neither.
    pub fn current(&self, taxon: u32) -> Result<u32, NoLineage> {
        let mut at = taxon;
        // NCBI lists the last one at once; a longer chain is not followed for ever.
        for _ in 0..16 {
            if self.nodes.contains_key(&at) {
                return Ok(at);
            }
            match self.merged.get(&at) {
                Some(&next) => at = next,
                None => break,
            }
        }
        Err(if self.deleted.contains(&taxon) {
            NoLineage::Deleted
        } else {
            NoLineage::Unknown
        })
    }

    /// The lineage of a taxon, from the taxon to the root; nothing if the tree does not have it.
    pub fn lineage(&self, taxon: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(self.current(taxon).ok(), |&at| {
            let parent = self.nodes.get(&at)?.parent;
            (parent != at).then_some(parent)
        })
    }

    /// The distance of two taxa in steps; `None` if a taxon has no lineage or they have no common
    /// ancestor. The same taxon has the distance 0 even without a lineage.
    #[must_use]
    pub fn distance(&self, one: u32, other: u32) -> Option<u32> {
        if one == other {
            return Some(0);
        }
        let up: HashMap<u32, u32> = self.lineage(one).zip(0..).collect();
        let mut other = self.lineage(other).zip(0_u32..);
        other.find_map(|(taxon, steps)| Some(steps + up.get(&taxon)?))
    }

    /// Whether a taxon is `clade` or below it.
    #[must_use]
    pub fn is_within(&self, taxon: u32, clade: u32) -> bool {
        let clade = self.current(clade).unwrap_or(clade);
        taxon == clade || self.lineage(taxon).any(|ancestor| ancestor == clade)
    }

    /// The nearest ancestor of a taxon with this rank, such as `genus`, or the taxon itself.
    #[must_use]
    pub fn ancestor_of_rank(&self, taxon: u32, rank: &str) -> Option<u32> {
        let rank = self.ranks.iter().position(|name| name == rank)?;
        let has_rank = |taxon: &u32| {
            self.nodes
                .get(taxon)
                .is_some_and(|node| node.rank.map(usize::from) == Some(rank))
        };
        self.lineage(taxon).find(has_rank)
    }

    /// The ranks of the tree, in order of appearance.
    #[must_use]
    pub fn ranks(&self) -> &[String] {
        &self.ranks
    }

    /// Number of taxa, without those that were merged or deleted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The smallest taxa, at most `count`, in ascending order.
    #[must_use]
    pub fn first_taxa(&self, count: usize) -> Vec<u32> {
        let mut taxa: Vec<u32> = self.nodes.keys().copied().collect();
        taxa.sort_unstable();
        taxa.truncate(count);
        taxa
    }

    /// Number of taxa that were merged into others.
    #[must_use]
    pub fn merged_taxa(&self) -> usize {
        self.merged.len()
    }

    /// Number of taxa that were deleted.
    #[must_use]
    pub fn deleted_taxa(&self) -> usize {
        self.deleted.len()
    }

    /// Whether there are no taxa.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Taxa that are named as a parent, but have no row of their own. Each is a root. A table of two
    /// columns may leave out its root; otherwise rows are missing.
    #[must_use]
    pub fn implied_roots(&self) -> &[u32] {
        &self.implied_roots
    }

    /// The lineages of these taxa as a table that [`read_lineages`] reads: `taxon`, `parent` and
    /// `rank`, tab-separated, with a header, sorted by taxon. A root is its own parent. A taxon that
    /// was merged has the rank `merged`, and its parent is what stands for it.
    #[must_use]
    pub fn table(&self, taxa: &BTreeSet<u32>) -> String {
        let mut rows: BTreeSet<(u32, u32, &str)> = BTreeSet::new();
        for &taxon in taxa {
            if let Ok(current) = self.current(taxon)
                && current != taxon
            {
                rows.insert((taxon, current, MERGED));
            }
            for ancestor in self.lineage(taxon) {
                let node = &self.nodes[&ancestor];
                let rank = node.rank.map_or("", |rank| &self.ranks[usize::from(rank)]);
                rows.insert((ancestor, node.parent, rank));
            }
        }
        let mut text = String::from("taxon\tparent\trank\n");
        for (taxon, parent, rank) in rows {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{taxon}\t{parent}\t{rank}");
        }
        text
    }

    /// These lineages, and those of `other` for taxa that these do not have.
    #[must_use]
    pub fn completed_by(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (&taxon, node) in &other.nodes {
            if !both.nodes.contains_key(&taxon) {
                let rank = node.rank.map(|rank| &other.ranks[usize::from(rank)]);
                let rank = rank.and_then(|rank| both.rank_number(rank));
                both.nodes.insert(taxon, Node { rank, ..*node });
            }
        }
        for (&old, &new) in &other.merged {
            both.merged.entry(old).or_insert(new);
        }
        both.deleted.extend(&other.deleted);
        both
    }

    /// The number of a rank, which is added if it is new; `None` for no rank.
    fn rank_number(&mut self, rank: &str) -> Option<u16> {
        if rank.is_empty() {
            return None;
        }
        let known = self.ranks.iter().position(|name| name == rank);
        let place = known.unwrap_or_else(|| {
            self.ranks.push(rank.to_owned());
            self.ranks.len() - 1
        });
        u16::try_from(place).ok()
    }
}
