//! Compares the identities of the composite score with Biopython's aligner.

use std::fs;

use protea_knn::Identities;

use crate::{python, run_python, synthetic::Numbers};

#[test]
fn identities_agree_with_biopython() {
    let Some(python) = python() else { return };
    const LETTERS: &[u8; 20] = b"ARNDCQEGHILKMFPSTWYV";
    let mut numbers = Numbers::new(11);
    let mut random = |length: usize| -> String {
        (0..length)
            .map(|_| char::from(LETTERS[numbers.below(20)]))
            .collect()
    };
    let mut pairs = vec![
        ("M".to_owned(), "M".to_owned()),
        ("W".to_owned(), "G".to_owned()),
        ("MKTAYIAK".to_owned(), "MKTAYIAKGG".to_owned()),
        ("XXXX".to_owned(), "MXXA".to_owned()),
        ("MKTAYIAKQRQISFVK".to_owned(), "MKTAYIQRQISFVKMK".to_owned()),
    ];
    for length in 1..40 {
        let (head, middle, tail) = (random(length % 7), random(length), random(length % 5));
        // Unrelated; one inside the other; with a gap in the middle.
        pairs.push((middle.clone(), random(40 - length)));
        pairs.push((middle.clone(), format!("{head}{middle}{tail}")));
        pairs.push((
            format!("{middle}{tail}{middle}"),
            format!("{middle}{middle}{head}"),
        ));
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("pairs");
    let lines = pairs.iter().map(|(one, other)| format!("{one}\t{other}\n"));
    fs::write(&path, lines.collect::<String>()).unwrap();
    let answers = run_python(&python, "reference_alignment.py", &[path]);
    let mut answers = answers.lines();
    for (one, other) in &pairs {
        let mut expected = answers.next().unwrap().split(' ');
        let mut next = || expected.next().unwrap().parse::<f64>().unwrap();
        let (global, local) = (next(), next());
        let found = Identities::new(one, other).unwrap();
        assert_eq!(
            (found.global, found.local),
            (global, local),
            "{one} {other}"
        );
        assert_eq!(Identities::new(other, one), Some(found));
    }
    // For most pairs, Python could enumerate all best alignments.
    let compared: usize = answers.next().unwrap().parse().unwrap();
    assert!(compared > pairs.len(), "{compared} of {}", 2 * pairs.len());
}

#[test]
fn empty_or_long_sequences_have_no_identities() {
    assert_eq!(Identities::new("", "MK"), None);
    let long = "M".repeat(100_000);
    assert_eq!(Identities::new(&long, &long), None);
    let found = Identities::new("mkta", "MKTA").unwrap();
    assert_eq!((found.global, found.local), (1.0, 1.0));
}
