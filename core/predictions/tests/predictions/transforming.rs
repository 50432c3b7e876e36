//! Propagation equals cafaeval's; cutting, comparing and counting.

use std::collections::HashSet;

use fastrand::Rng;
use protea_ontology::{Aspect, Ontology};
use protea_predictions::{
    CutOptions, Cutter, DiffOptions, Propagator, Source, Statistics, diff, for_each_protein,
};
use protea_scoring::Propagation;

use crate::files::{Files, OBO, Rows, assert_close, random_lines, read, reference, session};

fn ontology() -> Ontology {
    Ontology::parse(OBO.as_bytes(), "go.obo").unwrap()
}

fn propagated(source: &Source, mode: Propagation, memory: usize) -> Rows {
    let ontology = ontology();
    let mut propagator = Propagator::new(&ontology, mode);
    let mut all = Rows::new();
    for_each_protein(
        source,
        &mut session(memory),
        &mut |accession, rows, terms| {
            propagator.propagate(rows, terms);
            for row in rows.iter() {
                let term = terms.id(row.term).into_owned();
                all.insert((accession.to_owned(), term), row.score);
            }
            Ok(())
        },
    )
    .unwrap();
    all
}

#[test]
fn propagation_equals_cafaeval() {
    let files = Files::new();
    let obo = files.write("go.obo", OBO);
    let mut random = Rng::with_seed(5);
    for round in 0..3 {
        let name = format!("rows{round}");
        let source = files.source(&name, random_lines(&mut random, 25).concat());
        for (mode, mode_name) in [(Propagation::Max, "max"), (Propagation::Fill, "fill")] {
            let out = files.path("out");
            let path = files.path(&name);
            let arguments = [&obo, &out, &path].map(|path| path.to_str().unwrap());
            let [obo, out_name, path] = arguments;
            if !reference(&["propagate", mode_name, obo, out_name, path]) {
                return;
            }
            for memory in [1, 1 << 20] {
                let ours = propagated(&source, mode, memory);
                assert_close(&ours, &read(&out), &format!("{mode_name} {memory}"));
            }
        }
    }
}

#[test]
fn propagation_counts_what_it_leaves_out_and_renames() {
    let files = Files::new();
    let source = files.source(
        "a",
        "P1 GO:0000012 0.5\nP1 GO:0000009 0.4\nP1 GO:7654321 0.4\nP1 GO_0000003 0.2\nP1 GO:0000001 0.1\n",
    );
    let ontology = ontology();
    let mut propagator = Propagator::new(&ontology, Propagation::Max);
    for_each_protein(&source, &mut session(1), &mut |_, rows, terms| {
        propagator.propagate(rows, terms);
        Ok(())
    })
    .unwrap();
    let counts = propagator.counts();
    assert_eq!((counts.before, counts.after, counts.raised), (5, 3, 1));
    assert_eq!(counts.unknown.count, 2);
    assert_eq!(counts.alternative.examples, ["GO:0000012", "GO_0000003"]);
}

fn cut(options: CutOptions<'_>, rows: &str) -> (String, protea_predictions::CutCounts) {
    let files = Files::new();
    let source = files.source("a", rows);
    let mut cutter = Cutter::new(options);
    let mut kept = Vec::new();
    for_each_protein(
        &source,
        &mut session(1 << 20),
        &mut |accession, rows, terms| {
            cutter.cut(accession, rows, terms);
            protea_predictions::write_rows(accession, rows, terms, &mut kept);
            Ok(())
        },
    )
    .unwrap();
    (String::from_utf8(kept).unwrap(), cutter.counts().clone())
}

const ROWS: &str = "\
P1 GO:0000001 0.9
P1 GO:0000002 0.8
P1 GO:0000004 0.7
P1 GO:0000006 0.8
P1 GO:0000099 0.5
P2 GO:0000003 0.1
";

#[test]
fn cutting_applies_each_filter_and_counts() {
    let ontology = ontology();
    let with = |change: &dyn Fn(&mut CutOptions<'_>)| {
        let mut options = CutOptions {
            ontology: Some(&ontology),
            ..CutOptions::default()
        };
        // The closure cannot borrow longer than the options live.
        change(&mut options);
        cut(options, ROWS)
    };
    let (kept, counts) = with(&|options| options.top = 2);
    assert_eq!(
        kept,
        "P1\tGO:0000001\t0.9\nP1\tGO:0000002\t0.8\nP2\tGO:0000003\t0.1\n"
    );
    assert_eq!(counts.beyond_top, 3);
    let (kept, counts) = with(&|options| options.most_specific = true);
    assert_eq!(
        kept,
        "P1\tGO:0000006\t0.8\nP1\tGO:0000004\t0.7\nP1\tGO:0000099\t0.5\nP2\tGO:0000003\t0.1\n"
    );
    assert_eq!((counts.ancestors, counts.unknown.count), (2, 1));
    let (kept, counts) = with(&|options| options.aspects = vec![Aspect::Bpo]);
    assert_eq!(kept, "P1\tGO:0000006\t0.8\n");
    assert_eq!(counts.other_aspects, 5);
    let (kept, _) = with(&|options| options.top_per_aspect = 1);
    assert_eq!(
        kept,
        "P1\tGO:0000001\t0.9\nP1\tGO:0000006\t0.8\nP1\tGO:0000099\t0.5\nP2\tGO:0000003\t0.1\n"
    );
    let only = |name: &str| Some(HashSet::from([name.to_owned()]));
    let (kept, counts) = with(&|options| {
        options.proteins = only("P1");
        options.terms = only("GO:0000004");
        options.minimum_score = 0.7;
    });
    assert_eq!(kept, "P1\tGO:0000004\t0.7\n");
    assert_eq!((counts.other_proteins, counts.other_terms), (1, 4));
}

#[test]
fn differences_are_counted_by_kind_and_aspect() {
    let files = Files::new();
    let first = files.source(
        "a",
        "P1 GO:0000001 0.5\nP1 GO:0000006 0.5\nP2 GO:0000001 1\n",
    );
    let second = files.source(
        "b",
        "P1 GO:0000006 0.6\nP3 GO:0000001 1\nP1 GO:0000001 0.500001\n",
    );
    let ontology = ontology();
    let options = DiffOptions {
        tolerance: 1e-5,
        ontology: Some(&ontology),
    };
    for memory in [1, 1 << 20] {
        let found = diff([&first, &second], &options, &mut session(memory)).unwrap();
        assert_eq!(found.equal, 1);
        assert_eq!(found.changed.examples, ["P1 GO:0000006 0.5 and 0.6"]);
        assert_eq!(found.only_first.examples, ["P2 GO:0000001 1"]);
        assert_eq!(found.proteins_only_second.examples, ["P3"]);
        assert_eq!(found.aspects[Aspect::Bpo as usize].changed, 1);
        assert!(!found.is_empty());
    }
    let same = diff([&first, &first], &options, &mut session(1)).unwrap();
    assert!(same.is_empty());
    assert_eq!(same.equal, 3);
}

#[test]
fn statistics_of_a_small_file() {
    let files = Files::new();
    let source = files.source("a", ROWS);
    let ontology = ontology();
    let mut statistics = Statistics::new(Some(&ontology));
    for_each_protein(&source, &mut session(1), &mut |_, rows, terms| {
        statistics.add(rows, terms);
        Ok(())
    })
    .unwrap();
    assert_eq!((statistics.predictions(), statistics.proteins()), (6, 2));
    assert_eq!(statistics.terms(), 6);
    let scores = statistics.scores();
    assert_eq!(
        (scores.lowest, scores.median, scores.highest),
        (0.1, 0.7, 0.9)
    );
    let sizes = statistics.terms_per_protein();
    assert_eq!((sizes.lowest, sizes.median, sizes.highest), (1.0, 1.0, 5.0));
    let [(_, mfo), (_, bpo), _] = statistics.aspects().unwrap();
    assert_eq!((mfo.predictions, mfo.proteins, mfo.terms), (4, 2, 4));
    assert_eq!((bpo.predictions, bpo.proteins), (1, 1));
    assert_eq!(statistics.unknown().examples, ["GO:0000099"]);
}
