//! What the rules of the challenges refuse.

use std::collections::HashSet;

use protea_predictions::{Challenge, Rule, ValidateOptions, Validation, validate};

use crate::files::{Files, session};

fn check(challenge: Challenge, content: &str, targets: Option<&[&str]>) -> Validation {
    let files = Files::new();
    let source = files.source("a", content);
    let targets: Option<HashSet<String>> =
        targets.map(|targets| targets.iter().map(|&target| target.to_owned()).collect());
    let options = ValidateOptions {
        challenge,
        proteins: targets.as_ref(),
        ontology: None,
    };
    validate(&source, &options, &mut session(1)).unwrap()
}

/// The broken rules, how often, and the first example.
fn broken(validation: &Validation) -> Vec<(Rule, u64, &str)> {
    let findings = validation.findings.iter();
    findings
        .map(|it| (it.rule, it.found.count, it.found.examples[0].as_str()))
        .collect()
}

#[test]
fn kaggle_accepts_its_own_example() {
    let example = "\
P9WHI7\tGO:0009274\t0.931
P9WHI7\tGO:0071944\t0.540
P9WHI7\tText\t0.123\tP9WHI7 is involved in repair (PMID: 1234567)
P04637\tGO:1990837\t1.000
P04637\tGO:0031625\t0.0004
";
    let validation = check(Challenge::Kaggle, example, Some(&["P9WHI7", "P04637"]));
    assert_eq!(broken(&validation), []);
    assert_eq!((validation.lines, validation.proteins), (5, 2));
}

#[test]
fn kaggle_refuses_each_broken_rule() {
    let content = "\
protein\tterm\tscore
P1\tGO:0000001\t0
P1\tGO:0000002\t1.5
P1\tGO:0000003\t0.1234
P1\tGO:3\t0.5
P1\tGO:0000005\thigh
P1 GO:0000006 0.5
P1\tGO:0000007
P2\tGO:0000001\t0.5
P1\tGO:0000003\t0.5
P3\tText\t0.5\tcaf\u{e9}
";
    let validation = check(Challenge::Kaggle, content, Some(&["P1", "P4"]));
    assert!(validation.is_refused());
    assert_eq!(
        broken(&validation),
        [
            (Rule::Header, 1, "line 1: protein\tterm\tscore"),
            (Rule::Columns, 2, "line 7: P1 GO:0000006 0.5"),
            (Rule::Target, 1, "P2"),
            (Rule::Term, 1, "line 5: P1\tGO:3\t0.5"),
            (Rule::ScoreNumber, 1, "line 6: P1\tGO:0000005\thigh"),
            (Rule::ScoreRange, 2, "line 2: P1\tGO:0000001\t0"),
            (Rule::ScoreDigits, 1, "line 4: P1\tGO:0000003\t0.1234"),
            (Rule::Text, 1, "line 11: P3\tText\t0.5\tcaf\u{e9}"),
            (Rule::Repeated, 1, "P1 repeats 1"),
            (Rule::MissingTarget, 1, "P4"),
        ]
    );
}

#[test]
fn a_protein_may_have_1500_terms() {
    let rows = |terms: u32, reversed: bool| {
        let row = |term: u32| format!("P1\tGO:{term:07}\t0.5\nP2\tGO:{term:07}\t0.5\n");
        let rows: Vec<String> = (1..=terms).map(row).collect();
        // Scattered, or each protein in one place.
        if reversed {
            let mut lines: Vec<String> = rows.concat().lines().map(|l| format!("{l}\n")).collect();
            lines.sort();
            lines.concat()
        } else {
            rows.concat()
        }
    };
    for challenge in [Challenge::Kaggle, Challenge::Lafa] {
        for grouped in [false, true] {
            let fits = check(challenge, &rows(1500, grouped), None);
            assert_eq!(broken(&fits), [], "{challenge:?} {grouped}");
            let beyond = check(challenge, &rows(1501, grouped), None);
            let wanted: &[(Rule, u64, &str)] = match challenge {
                Challenge::Kaggle => &[(Rule::TermsPerProtein, 2, "P1 has 1501 terms")],
                _ => &[],
            };
            assert_eq!(broken(&beyond), wanted, "{challenge:?} {grouped}");
        }
    }
}

const CAFA: &str = "\
AUTHOR TEAM
MODEL 1
KEYWORDS sequence alignment, machine learning.
T96060000001 GO:0008550 1.00
T96060000001 GO:0008550 0.01
END
";

#[test]
fn cafa_accepts_its_format() {
    let validation = check(Challenge::Cafa, CAFA, None);
    assert!(!validation.is_refused(), "{validation:?}");
    assert_eq!(
        broken(&validation),
        [(Rule::Repeated, 1, "T96060000001 repeats 1")]
    );
}

#[test]
fn cafa_refuses_other_headers_names_and_scores() {
    let rules = |content: &str| -> Vec<Rule> {
        let validation = check(Challenge::Cafa, content, None);
        validation.findings.iter().map(|it| it.rule).collect()
    };
    assert_eq!(
        rules("T96060000001 GO:0008550 1.00\n"),
        [Rule::Author, Rule::Model, Rule::End]
    );
    let with = |from: &str, to: &str| {
        rules(
            &CAFA
                .replace("GO:0008550 0.01", "GO:0008551 0.01")
                .replace(from, to),
        )
    };
    assert_eq!(with("", ""), []);
    assert_eq!(with("MODEL 1", "MODEL one"), [Rule::Model]);
    assert_eq!(with("machine learning", "magic"), [Rule::Keywords]);
    assert_eq!(with("1.00", "0.5"), [Rule::ScoreDigits]);
    assert_eq!(with("1.00", "0.00"), [Rule::ScoreRange]);
    assert_eq!(
        with("T96060000001 GO:0008550", "P12345 GO:0008550"),
        [Rule::Target]
    );
    assert_eq!(with("END\n", ""), [Rule::End]);
    assert_eq!(with("MODEL 1\n", "MODEL 1\n\n"), [Rule::BlankLine]);
    assert_eq!(with("MODEL 1\n", ""), [Rule::Model]);
    assert_eq!(
        with(
            "KEYWORDS sequence alignment, machine learning.\n",
            "ACCURACY 1 PR=0.86; RC=0.43\n"
        ),
        []
    );
    assert_eq!(with("END\n", "KEYWORDS ortholog\nEND\n"), [Rule::Order]);
    assert_eq!(
        with("END\n", "MODEL 2\nT96060000001 GO:0008550 0.50\nEND\n"),
        [Rule::Repeated]
    );
}

#[test]
fn control_characters_in_names_are_refused() {
    for name in ["P\0", "P\u{7}1", "\u{1b}[2J", "P\u{9b}1"] {
        let content = format!("{name}\tGO:0000001\t0.5\nQ\tGO:0000001\t0.5\n");
        for challenge in [Challenge::Kaggle, Challenge::Lafa] {
            let validation = check(challenge, &content, None);
            assert_eq!(validation.findings.len(), 1, "{name:?}");
            assert_eq!(validation.findings[0].rule, Rule::Name, "{name:?}");
        }
    }
}

#[test]
fn lafa_refuses_headers_marks_and_scores() {
    let content = "\u{feff}P1\tGO:0000001\t0.123456\nP1\tGO:0000002\t1.01\n";
    let validation = check(Challenge::Lafa, content, None);
    let rules: Vec<Rule> = validation.findings.iter().map(|it| it.rule).collect();
    assert_eq!(rules, [Rule::ByteOrderMark, Rule::ScoreRange]);
    let json = "{\"accession\": \"P1\", \"terms\": []}\n";
    let validation = check(Challenge::Lafa, json, None);
    assert_eq!(
        broken(&validation),
        [(Rule::Format, 1, "the file is JSON lines")]
    );
}

#[test]
fn a_file_without_predictions_is_refused() {
    for challenge in [Challenge::Kaggle, Challenge::Lafa, Challenge::Cafa] {
        for content in ["", "\n"] {
            let validation = check(challenge, content, None);
            assert!(validation.is_refused(), "{challenge:?} {content:?}");
            let rules: Vec<Rule> = validation.findings.iter().map(|it| it.rule).collect();
            assert!(rules.contains(&Rule::Empty), "{challenge:?} {content:?}");
        }
        let refused = check(challenge, "P1\tGO:0000001\thigh\n", None);
        assert!(refused.is_refused(), "{challenge:?}");
    }
    // Kaggle takes files with text alone.
    let text = check(Challenge::Kaggle, "P1\tText\t0.5\tin words\n", None);
    assert!(!text.is_refused(), "{text:?}");
}
