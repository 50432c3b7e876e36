//! Tests k-mer spectra.

use std::sync::LazyLock;

use proptest::prelude::*;
use protea_dataset::features::kmer::{KmerSpectrum, WIDTH};

fn spectrum(sequence: &str) -> Vec<f32> {
    static SPECTRUM: LazyLock<KmerSpectrum> = LazyLock::new(KmerSpectrum::new);
    SPECTRUM.compute_all(&[sequence])
}

/// The expected values were computed by `reference_kmer.py`, which follows the definition in double
/// precision with NumPy.
#[test]
fn spectra_equal_the_reference() {
    let found = spectrum(
        "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVVHSLAKWKRQTLGQHDFSAGEGLYTHMKALRPDEDRLSPLHSVYVDQWDWERVMGDGERQFSTLKSTVEAIWAGIKATEAAVSEEFGLAPFLPDQIHFVHSQELLSRYPDLDAKGRERAIAKDLGAVFLVGIGGKLSDGHRHDVRAPDYDDWSTPSELGHAGLNGDILVWNPVLEDAFELSSMGIRVDADTLKHQLALTGDEDRLELEWHQALLRGEMPQTIGGGIGQSRLTMLLLQLPHIGQVQAGVWPAAVRESVPSLLX",
    );
    for (place, expected) in REFERENCE {
        assert!(
            (f64::from(found[place]) - expected).abs() < 1e-6,
            "feature {place}: {} is not {expected}",
            found[place]
        );
    }
}

const REFERENCE: [(usize, f64); 15] = [
    (0, 0.006661178),
    (1, -0.086301543),
    (7, -0.027355678),
    (19, -0.035152990),
    (20, -0.003388310),
    (219, 0.001465399),
    (418, -0.013172980),
    (419, -0.021462442),
    (420, -0.003721691),
    (421, 0.023195917),
    (483, 0.033297133),
    (484, -0.053262551),
    (700, -0.020342242),
    (1000, -0.026455525),
    (1023, -0.034689767),
];

#[test]
fn spectra_have_fixed_bits() {
    let bits = spectrum("MKTAYIAKQRQISFVKSHFSRQ")
        .iter()
        .fold(0u64, |sum, x| sum.rotate_left(5) ^ u64::from(x.to_bits()));
    assert_eq!(format!("{bits:016x}"), "f109c02f293a6c81");
}

#[test]
fn a_sequence_without_residues_has_a_zero_spectrum() {
    assert_eq!(spectrum("XXXX"), vec![0.0; WIDTH]);
    assert_eq!(spectrum(""), vec![0.0; WIDTH]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn spectra_are_finite_and_of_unit_length(sequence in "\\PC{0,300}|[A-Z]{1,400}") {
        let found = spectrum(&sequence);
        let length: f64 = found.iter().map(|&x| f64::from(x).powi(2)).sum();
        prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-5);
        prop_assert_eq!(spectrum(&sequence.to_lowercase()).len(), WIDTH);
    }
}
