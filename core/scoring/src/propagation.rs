//! Propagation of the codes of one protein to the roots. This is a hot loop.

use protea_ontology::Namespace;

use crate::options::Propagation;

/// Propagates one protein after another in one namespace, reusing its buffers. Works on
/// [codes](crate::thresholds::Thresholds::code).
pub(super) struct Propagator<'o> {
    namespace: &'o Namespace,
    mode: Propagation,
    /// By rank: the own code of the term, later the propagated one; 0 without a code.
    own: Vec<u32>,
    /// By rank: the highest code of the children. Used with `fill` only.
    from_children: Vec<u32>,
    /// Ranks with a code, one bit each.
    ranks: Vec<u64>,
    /// By position in the namespace: the propagated code.
    codes: Vec<u32>,
    /// Terms with a code, one bit each.
    terms: Vec<u64>,
}

impl<'o> Propagator<'o> {
    pub fn new(namespace: &'o Namespace, mode: Propagation) -> Propagator<'o> {
        let (terms, words) = (namespace.len(), namespace.len().div_ceil(64));
        Propagator {
            namespace,
            mode,
            own: vec![0; terms],
            from_children: vec![0; if mode == Propagation::Fill { terms } else { 0 }],
            ranks: vec![0; words],
            codes: vec![0; terms],
            terms: vec![0; words],
        }
    }

    /// Raises the code of a term to at least `code`. Returns whether the term gets its first code
    /// above 0.
    #[inline]
    pub fn raise(&mut self, term: u32, code: u32) -> bool {
        let rank = self.namespace.propagation_order().rank[term as usize] as usize;
        let own = &mut self.own[rank];
        let new = *own == 0 && code > 0;
        *own = (*own).max(code);
        self.ranks[rank / 64] |= u64::from(code > 0) << (rank % 64);
        new
    }

    /// Propagates all codes to the roots and clears the buffers by rank. [`Propagator::code`] and
    /// [`Propagator::drain`] return the result.
    pub fn propagate(&mut self) {
        let order = self.namespace.propagation_order();
        for word in 0..self.ranks.len() {
            // A parent can be in the same word, so the word is read again after each rank. Parents
            // always have a higher rank.
            while self.ranks[word] != 0 {
                let rank = word * 64 + self.ranks[word].trailing_zeros() as usize;
                self.ranks[word] &= self.ranks[word] - 1;
                let mut code = std::mem::take(&mut self.own[rank]);
                let targets = match self.mode {
                    Propagation::Max => &mut self.own,
                    Propagation::Fill => {
                        let inherited = std::mem::take(&mut self.from_children[rank]);
                        if code == 0 {
                            code = inherited;
                        }
                        &mut self.from_children
                    }
                };
                for &parent in order.parents_of(rank) {
                    let parent = parent as usize;
                    targets[parent] = targets[parent].max(code);
                    self.ranks[parent / 64] |= 1 << (parent % 64);
                }
                let term = order.term[rank] as usize;
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

    /// Calls `each` with every term that has a code, in the order of the namespace, and clears the
    /// codes.
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
