//! How local alignments score.

/// How pairs of residues and gaps score. There are `R` residues, with the numbers 0 to `R` − 1.
#[derive(Debug, Clone, Copy)]
pub struct LocalScoring<'s, const R: usize> {
    /// By residue and residue, the score of the pair; symmetric.
    pub pairs: &'s [[i8; R]; R],
    /// What the first residue of a gap costs.
    pub gap_first: u8,
    /// What each further residue of a gap costs.
    pub gap_next: u8,
}
