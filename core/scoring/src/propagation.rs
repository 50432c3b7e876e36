//! The hot loop of propagation: the codes of one protein, carried to the roots.

use protea_ontology::Namespace;

use super::options::Propagation;

/// Room for one protein after another in one namespace. Works on [codes](super::thresholds::Thresholds::code).
pub(super) struct Propagator<'o> {
    namespace: &'o Namespace,
    mode: Propagation,
    /// By rank: own code, then the propagated one; 0 where nothing is.
    own: Vec<u32>,
    /// By rank, `fill` alone: highest code of the children.
    below: Vec<u32>,
    /// Ranks that hold something, one bit each.
    ranks: Vec<u64>,
    /// By place in the namespace.
    codes: Vec<u32>,
    terms: Vec<u64>,
}

impl<'o> Propagator<'o> {
    pub fn new(namespace: &'o Namespace, mode: Propagation) -> Propagator<'o> {
        let (terms, words) = (namespace.len(), namespace.len().div_ceil(64));
        Propagator {
            namespace,
            mode,
            own: vec![0; terms],
            below: vec![0; if mode == Propagation::Fill { terms } else { 0 }],
            ranks: vec![0; words],
            codes: vec![0; terms],
            terms: vec![0; words],
        }
    }

    /// Raises the code of a term; returns whether it had none before and has one now.
    #[inline]
    pub fn raise(&mut self, term: u32, code: u32) -> bool {
        let rank = self.namespace.propagation_order().rank[term as usize] as usize;
        let own = &mut self.own[rank];
        let new = *own == 0 && code > 0;
        *own = (*own).max(code);
        self.ranks[rank / 64] |= u64::from(code > 0) << (rank % 64);
        new
    }

    /// Carries all to the roots and empties the room for codes by rank. The result is read with [`Propagator::code`] and
    /// [`Propagator::drain`].
    pub fn propagate(&mut self) {
        let climb = self.namespace.propagation_order();
        for word in 0..self.ranks.len() {
            // A parent can be in the same word: the word is read again after each rank, whose parents are all higher.
            while self.ranks[word] != 0 {
                let rank = word * 64 + self.ranks[word].trailing_zeros() as usize;
                self.ranks[word] &= self.ranks[word] - 1;
                let mut code = std::mem::take(&mut self.own[rank]);
                let up = match self.mode {
                    Propagation::Max => &mut self.own,
                    Propagation::Fill => {
                        let below = std::mem::take(&mut self.below[rank]);
                        if code == 0 {
                            code = below;
                        }
                        &mut self.below
                    }
                };
                for &parent in climb.parents_of(rank) {
                    let parent = parent as usize;
                    up[parent] = up[parent].max(code);
                    self.ranks[parent / 64] |= 1 << (parent % 64);
                }
                let term = climb.term[rank] as usize;
                self.codes[term] = code;
                self.terms[term / 64] |= 1 << (term % 64);
            }
        }
    }

    /// The code of a term after propagation.
    #[inline]
    pub fn code(&self, term: u32) -> u32 {
        self.codes[term as usize]
    }

    /// Gives every term with a code to `each`, in the order of the namespace, and empties the room.
    #[inline]
    pub fn drain(&mut self, mut each: impl FnMut(u32, u32)) {
        for (at, word) in self.terms.iter_mut().enumerate() {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                let term = at * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                each(term as u32, std::mem::take(&mut self.codes[term]));
            }
        }
    }
}
