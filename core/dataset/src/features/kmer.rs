//! Alignment-free features: the k-mer spectrum of a sequence, 1,024 numbers.
//!
//! Spectra replace the embeddings of a protein language model if there are none. They need no
//! weights, no alignment and no training set: a spectrum depends only on the sequence.
//!
//! # Definition
//! Residues are the 20 letters `ACDEFGHIKLMNPQRSTVWY`, numbered from 0 in this order; k-mers with
//! any other letter are ignored. For k = 1, 2, 3 let n(w) be the number of occurrences of the k-mer
//! w and N their sum, p(w) the product of its residues' background frequencies (the amino-acid
//! composition of UniProtKB/Swiss-Prot, from its release statistics). Then
//!
//! > x(w) = √(n(w)/N) − √p(w)
//!
//! is the coordinate of w: the difference of the two distributions in Hellinger's geometry, where
//! the distance of two distributions is the length of the difference of their square roots (so that
//! a few very frequent k-mers do not dominate). If N = 0, x = 0. The features are
//!
//! - 0 to 19: x of the residues; 20 to 419: x of the 2-mers ab, at 20 + 20a + b;
//! - 420 to 1023: x of the 8,000 3-mers abc, projected: feature 420 + j is Σ s(c, j) x(c) / √604
//!   over c = 400a + 20b + c, with signs s = ±1 (Achlioptas 2003,
//!   doi:10.1016/S0022-0000(03)00025-4): +1 where bit (j mod 64) of SplitMix64's output number 10c
//!   + ⌊j/64⌋ (from 0, seed 0) is 0, −1 where it is 1;
//!
//! all divided by their Euclidean length (unless it is 0). The computation is in f64 and rounded to
//! f32. The 3-mers are summed by rising number of occurrences, those of the background in their
//! order. All operations are correctly rounded by IEEE 754, so a sequence gives the same bits on
//! every machine.

use protea_ontology::random::split_mix_64;
use rayon::{
    iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator},
    slice::ParallelSliceMut,
};

/// Number of values in a spectrum.
pub const WIDTH: usize = DIRECT + PROJECTED;
/// A description for the manifest.
pub const DESCRIPTION: &str = "k-mer spectrum v1: square roots of 1/2/3-mer frequencies less those of Swiss-Prot's composition, 3-mers projected by signs, unit length";

const LETTERS: &[u8; 20] = b"ACDEFGHIKLMNPQRSTVWY";
/// Composition of UniProtKB/Swiss-Prot in units of 0.01 %, in the order of `LETTERS`.
const COMPOSITION: [u32; 20] = [
    825, 138, 546, 671, 386, 707, 227, 591, 580, 965, 241, 406, 474, 393, 552, 665, 536, 685, 110,
    292,
];
const DIRECT: usize = 20 + 400;
const PROJECTED: usize = 604;
const TRIPLES: usize = 8000;
const WORDS: usize = PROJECTED.div_ceil(64);
const NOT_A_RESIDUE: u8 = u8::MAX;

/// The largest number of residues in a row, up to 3, that are all of the 20 letters. Below 3, the
/// spectrum of the sequence has no 3-mers; at 0 it has only zeros.
///
/// ```
/// use protea_dataset::features::kmer::longest_word;
///
/// assert_eq!(longest_word("MKTAY"), 3);
/// assert_eq!(longest_word("XXMKXX"), 2);
/// assert_eq!(longest_word("XXXX"), 0);
/// ```
#[must_use]
pub fn longest_word(sequence: &str) -> usize {
    let (mut longest, mut current) = (0, 0);
    for letter in sequence.bytes() {
        let is_residue = LETTERS.contains(&letter.to_ascii_uppercase());
        current = if is_residue { current + 1 } else { 0 };
        longest = longest.max(current);
        if longest == 3 {
            break;
        }
    }
    longest
}

/// Computes spectra. Holds the signs of the projection (5 MB).
///
/// ```
/// use protea_dataset::features::kmer::{KmerSpectrum, WIDTH};
///
/// let mut spectrum = [0.0; WIDTH];
/// KmerSpectrum::new().compute("MKTAYIAKQRQISFVKSHFSRQ", &mut spectrum);
/// let length: f32 = spectrum.iter().map(|x| x * x).sum();
/// assert!((length - 1.0).abs() < 1e-5);
/// ```
pub struct KmerSpectrum {
    /// `TRIPLES` rows of `PROJECTED` signs.
    signs: Vec<i8>,
    /// √p of the residues and 2-mers.
    background: Vec<f64>,
    /// Projection of √p of the 3-mers, not yet divided by √604.
    projected_background: Vec<f64>,
    number: [u8; 256],
}

impl Default for KmerSpectrum {
    fn default() -> Self {
        Self::new()
    }
}

impl KmerSpectrum {
    /// Computes the signs of the projection and the background.
    pub fn new() -> Self {
        let mut number = [NOT_A_RESIDUE; 256];
        for (place, &letter) in LETTERS.iter().enumerate() {
            number[letter as usize] = place as u8;
            number[letter.to_ascii_lowercase() as usize] = place as u8;
        }
        let total = f64::from(COMPOSITION.iter().sum::<u32>());
        let residue = COMPOSITION.map(|part| f64::from(part) / total);
        let pairs: Vec<f64> = residue
            .iter()
            .flat_map(|a| residue.map(|b| a * b))
            .collect();

        let mut signs = Vec::with_capacity(TRIPLES * PROJECTED);
        for triple in 0..TRIPLES as u64 {
            let words: [u64; WORDS] =
                std::array::from_fn(|word| split_mix_64(0, triple * WORDS as u64 + word as u64));
            signs.extend((0..PROJECTED).map(|j| {
                if words[j / 64] >> (j % 64) & 1 == 0 {
                    1
                } else {
                    -1
                }
            }));
        }
        let mut this = Self {
            signs,
            background: residue.iter().chain(&pairs).map(|p| p.sqrt()).collect(),
            projected_background: Vec::new(),
            number,
        };
        let mut projected = vec![0.0; PROJECTED];
        for triple in 0..TRIPLES {
            let root = (pairs[triple / 20] * residue[triple % 20]).sqrt();
            for (feature, &sign) in projected.iter_mut().zip(this.signs_of(triple)) {
                *feature += root * f64::from(sign);
            }
        }
        this.projected_background = projected;
        this
    }

    /// Computes the spectra of many sequences on all cores. Returns them one after another.
    pub fn compute_all<S: AsRef<str> + Sync>(&self, sequences: &[S]) -> Vec<f32> {
        let mut spectra = vec![0.0; sequences.len() * WIDTH];
        spectra
            .par_chunks_exact_mut(WIDTH)
            .zip(sequences.par_iter())
            .for_each(|(spectrum, sequence)| self.compute(sequence.as_ref(), spectrum));
        spectra
    }

    /// Computes the spectrum of one sequence into `spectrum`.
    ///
    /// # Panics
    ///
    /// If `spectrum` is not [`WIDTH`] long.
    pub fn compute(&self, sequence: &str, spectrum: &mut [f32]) {
        assert_eq!(spectrum.len(), WIDTH, "a spectrum has {WIDTH} numbers");
        let residues: Vec<u8> = sequence
            .bytes()
            .map(|letter| self.number[letter as usize])
            .collect();

        let mut counts = [0u32; DIRECT];
        for &a in residues.iter().filter(|&&a| a != NOT_A_RESIDUE) {
            counts[a as usize] += 1;
        }
        for pair in residues
            .windows(2)
            .filter(|pair| !pair.contains(&NOT_A_RESIDUE))
        {
            counts[20 + pair[0] as usize * 20 + pair[1] as usize] += 1;
        }
        let mut coordinates = [0.0; DIRECT];
        for block in [0..20, 20..DIRECT] {
            let total: u32 = counts[block.clone()].iter().sum();
            if total > 0 {
                for place in block {
                    coordinates[place] = (f64::from(counts[place]) / f64::from(total)).sqrt()
                        - self.background[place];
                }
            }
        }
        for (feature, coordinate) in spectrum.iter_mut().zip(coordinates) {
            *feature = coordinate as f32;
        }
        self.project_triples(&residues, &mut spectrum[DIRECT..]);
        normalise(spectrum);
    }

    fn project_triples(&self, residues: &[u8], projected: &mut [f32]) {
        projected.fill(0.0);
        let mut triples: Vec<u16> = residues
            .windows(3)
            .filter(|triple| !triple.contains(&NOT_A_RESIDUE))
            .map(|triple| {
                u16::from(triple[0]) * 400 + u16::from(triple[1]) * 20 + u16::from(triple[2])
            })
            .collect();
        if triples.is_empty() {
            return;
        }
        let total = triples.len() as f64;
        triples.sort_unstable();
        let mut counted: Vec<(usize, u16)> = triples
            .chunk_by(|a, b| a == b)
            .map(|same| (same.len(), same[0]))
            .collect();
        counted.sort_unstable();
        // Nearly all 3-mers of a protein occur once. Adding their signs as 16-bit integers lets the
        // compiler vectorise the sum.
        let mut sums = [0i16; PROJECTED];
        let mut features = [0.0f64; PROJECTED];
        for alike in counted.chunk_by(|a, b| a.0 == b.0) {
            sums.fill(0);
            for &(_, triple) in alike {
                for (sum, sign) in sums.iter_mut().zip(self.signs_of(usize::from(triple))) {
                    *sum += i16::from(*sign);
                }
            }
            let root = (alike[0].0 as f64 / total).sqrt();
            for (feature, &sum) in features.iter_mut().zip(&sums) {
                *feature += root * f64::from(sum);
            }
        }
        let scale = (PROJECTED as f64).sqrt();
        for ((out, feature), background) in projected
            .iter_mut()
            .zip(features)
            .zip(&self.projected_background)
        {
            *out = ((feature - background) / scale) as f32;
        }
    }

    fn signs_of(&self, triple: usize) -> &[i8] {
        &self.signs[triple * PROJECTED..(triple + 1) * PROJECTED]
    }
}

fn normalise(spectrum: &mut [f32]) {
    let length = spectrum
        .iter()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum::<f64>()
        .sqrt();
    if length > 0.0 {
        for feature in spectrum {
            *feature = (f64::from(*feature) / length) as f32;
        }
    }
}
