//! Compares the identity of sequences with Biopython's aligner.

use std::fs;

use protea_cafa::redundancy::identity;

use crate::{python, run_python, synthetic::Numbers};

#[test]
fn identity_agrees_with_biopython() {
    let Some(python) = python() else { return };
    const LETTERS: &[u8; 23] = b"ARNDCQEGHILKMFPSTWYVBZX";
    let mut numbers = Numbers::new(5);
    let mut random = |length: usize| -> String {
        (0..length)
            .map(|_| char::from(LETTERS[numbers.below(23)]))
            .collect()
    };
    let mut pairs = vec![
        ("M".to_owned(), "M".to_owned()),
        ("XXXX".to_owned(), "XXXX".to_owned()),
        ("MKTAYIAKQRQISFVK".to_owned(), "MKTAYIQRQISFVKMK".to_owned()),
    ];
    for length in 1..60 {
        let (head, middle, tail) = (random(length % 7), random(length), random(length % 5));
        // Unrelated; one inside the other; with a gap in the middle.
        pairs.push((middle.clone(), random(60 - length)));
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
    let answers = run_python(&python, "reference_identity.py", &[path]);
    assert_eq!(answers.lines().count(), pairs.len());
    for ((one, other), answer) in pairs.iter().zip(answers.lines()) {
        let expected: f64 = answer.parse().unwrap();
        let found = identity(one, other);
        assert!(
            (found - expected).abs() < 1e-12,
            "{one} {other}: {found}, not {expected}"
        );
        assert_eq!(found, identity(other, one));
    }
}
