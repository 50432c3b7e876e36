//! Merging equals numpy, whatever the order of rows and files and the memory.

use fastrand::Rng;
use proptest::prelude::*;
use protea_predictions::{Absent, MergeMethod, MergeOptions, Merged, Source, merge};

use crate::files::{Files, Rows, assert_close, random_lines, read, reference, session};

const METHODS: [(MergeMethod, &str); 4] = [
    (MergeMethod::Mean, "mean"),
    (MergeMethod::Max, "max"),
    (MergeMethod::Geometric, "geometric"),
    (MergeMethod::Rank, "rank"),
];

fn options(method: MergeMethod, absent: Absent, weights: &[f64]) -> MergeOptions {
    MergeOptions {
        method,
        weights: weights.to_vec(),
        absent,
    }
}

fn merged(sources: &[Source], options: &MergeOptions, memory: usize) -> (Rows, Merged) {
    let mut rows = Rows::new();
    let counts = merge(sources, options, &mut session(memory), &mut |proteins| {
        for protein in proteins {
            let scores: Vec<f64> = protein.rows.iter().map(|row| row.score).collect();
            assert!(scores.is_sorted_by(|a, b| a >= b), "highest scores first");
            for row in protein.rows {
                let term = protein.terms.id(row.term).into_owned();
                let before = rows.insert((protein.accession.to_owned(), term), row.score);
                assert_eq!(before, None, "each pair once");
            }
        }
        Ok(())
    });
    (rows, counts.unwrap())
}

#[test]
fn merging_equals_numpy() {
    let mut random = Rng::with_seed(3);
    let files = Files::new();
    let names = ["a", "b", "c"];
    let sources: Vec<Source> = names
        .iter()
        .map(|name| files.source(name, random_lines(&mut random, 60).concat()))
        .collect();
    let out = files.path("out");
    for (method, method_name) in METHODS {
        for (absent, absent_name) in [(Absent::Zero, "zero"), (Absent::Ignore, "ignore")] {
            for weights in [[1.0, 1.0, 1.0], [0.5, 0.3, 0.2], [2.0, 0.0, 1.0]] {
                let list = weights.map(|weight| weight.to_string()).join(",");
                let paths = names.map(|name| files.path(name).to_string_lossy().into_owned());
                let mut arguments = vec!["merge", method_name, absent_name, &list];
                arguments.push(out.to_str().unwrap());
                arguments.extend(paths.iter().map(String::as_str));
                if !reference(&arguments) {
                    return;
                }
                let (rows, _) = merged(&sources, &options(method, absent, &weights), 1 << 20);
                let what = format!("{method_name} {absent_name} {list}");
                assert_close(&rows, &read(&out), &what);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn order_and_memory_do_not_matter(seed in any::<u64>(), memory in 1_usize..3000, place in 0_usize..8) {
        let mut random = Rng::with_seed(seed);
        let files = Files::new();
        let (method, _) = METHODS[place / 2];
        let absent = [Absent::Zero, Absent::Ignore][place % 2];
        let mut lines: Vec<Vec<String>> = (0..3).map(|_| random_lines(&mut random, 40)).collect();
        let source = |name: String, lines: &[String]| files.source(&name, lines.concat());
        let sources: Vec<Source> = lines.iter().enumerate().map(|(at, l)| source(format!("a{at}"), l)).collect();
        let (rows, counts) = merged(&sources, &options(method, absent, &[0.5, 0.3, 0.2]), 1 << 20);

        lines.rotate_left(1);
        lines.iter_mut().for_each(|lines| random.shuffle(lines));
        let shuffled: Vec<Source> = lines.iter().enumerate().map(|(at, l)| source(format!("b{at}"), l)).collect();
        let (again, counts_again) = merged(&shuffled, &options(method, absent, &[0.3, 0.2, 0.5]), memory);
        prop_assert_eq!(rows, again);
        prop_assert_eq!(
            (counts.proteins, counts.predictions, counts.in_all_files, counts.zero),
            (counts_again.proteins, counts_again.predictions, counts_again.in_all_files, counts_again.zero)
        );
    }
}

#[test]
fn counts_say_what_was_read() {
    let files = Files::new();
    let sources = [
        files.source(
            "a",
            "P1 GO:0000001 0.5\nP1 GO:0000001 0.7\nP1 GO:0000002 0\nP2 GO:0000001 0.2\n",
        ),
        files.source("b", "P1 GO:0000001 0.1\nP3 HP:0000001 2\n"),
    ];
    let (rows, counts) = merged(&sources, &options(MergeMethod::Mean, Absent::Zero, &[]), 1);
    let row = |accession: &str, term: &str| rows[&(accession.to_owned(), term.to_owned())];
    assert_eq!(row("P1", "GO:0000001"), 0.4);
    assert_eq!(row("P2", "GO:0000001"), 0.1);
    assert_eq!(row("P3", "HP:0000001"), 1.0);
    assert_eq!(counts.proteins, 3);
    assert_eq!(counts.in_all_files, 1);
    let [first, second] = &counts.files[..] else {
        panic!("two files");
    };
    assert_eq!((first.proteins, first.repeated, first.only_here), (2, 1, 1));
    assert_eq!(first.tally.not_positive.count, 1);
    assert_eq!((second.proteins, second.only_here), (2, 1));
    assert_eq!(second.tally.above_one.examples, ["2"]);
}

#[test]
fn weights_must_fit() {
    let files = Files::new();
    let one = [files.source("a", "P1 GO:0000001 0.5\n")];
    let two = ["b", "c"].map(|name| files.source(name, "P1 GO:0000001 0.5\n"));
    let cases = [
        (&one[..], &[1.0, 2.0][..]),
        (&one, &[-1.0]),
        (&one, &[0.0]),
        (&one, &[f64::NAN]),
        (&two, &[f64::MAX, f64::MAX]),
    ];
    for (sources, weights) in cases {
        let options = options(MergeMethod::Mean, Absent::Zero, weights);
        let result = merge(sources, &options, &mut session(1), &mut |_| Ok(()));
        assert!(
            result
                .unwrap_err()
                .to_string()
                .starts_with("invalid weights")
        );
    }
}
