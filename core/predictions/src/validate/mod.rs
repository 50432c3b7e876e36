//! Finds what a challenge would refuse.

mod lines;
mod proteins;
mod sections;

use std::collections::{BTreeMap, HashMap, HashSet};

use protea_ontology::{Ontology, Reading};
use protea_scoring::table::parse_named_blocks;
use serde::Serialize;

use self::{lines::CheckedBlock, proteins::Proteins, sections::Sections};
use crate::{
    challenge::{Challenge, MOST_TEXTS, Rule, Severity},
    error::PredictionsError,
    examples::Examples,
    layout::Format,
    names::Names,
    run_builder::Tally,
    runs::pass_on,
    session::Session,
    source::Source,
    spool::Spool,
};

/// What to check.
pub struct ValidateOptions<'v> {
    /// Whose rules.
    pub challenge: Challenge,
    /// The targets. Without them, proteins are not checked.
    pub proteins: Option<&'v HashSet<String>>,
    /// The ontology of the challenge. Without it, terms are checked for their form only.
    pub ontology: Option<&'v Ontology>,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What it asks for.
    pub text: &'static str,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// How often it is broken, and where first.
    #[serde(flatten)]
    pub found: Examples,
}

/// The result for a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Validation {
    /// Name of the file.
    pub file: String,
    /// Whose rules.
    pub challenge: Challenge,
    /// Lines, including blank ones.
    pub lines: u64,
    /// Proteins with a prediction.
    pub proteins: u64,
    /// Pairs of protein and term.
    pub predictions: u64,
    /// The broken rules.
    pub findings: Vec<Finding>,
}

impl Validation {
    /// Whether the rules refuse the file.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let mut severities = self.findings.iter().map(|finding| finding.severity);
        severities.any(|severity| severity == Severity::Refused)
    }
}

type Findings = BTreeMap<Rule, Examples>;

/// Checks a file by the rules of a challenge. The whole file is read, whatever is wrong with it.
///
/// # Errors
///
/// Those of reading the file as text.
pub fn validate(
    source: &Source,
    options: &ValidateOptions<'_>,
    session: &mut Session<'_>,
) -> Result<Validation, PredictionsError> {
    let mut findings = Findings::new();
    let mut lines = 0;
    let mut has_texts = false;
    let mut proteins = Proteins::new(options);
    if *source.format() == Format::Columns {
        (lines, has_texts) = check_lines(
            source,
            options.challenge,
            session,
            &mut findings,
            &mut proteins,
        )?;
        proteins.end(&session.terms);
        if !proteins.grouped {
            proteins = Proteins::new(options);
            check_scattered(source, options.challenge, session, &mut proteins)?;
        }
        proteins.add_missing();
    } else {
        let found = findings.entry(Rule::Format).or_default();
        found.add(|| format!("the file is {}", source.format().name()));
    }
    if *source.format() == Format::Columns && proteins.predictions == 0 && !has_texts {
        let found = findings.entry(Rule::Empty).or_default();
        found.add(|| match lines {
            0 => "the file has no line".to_owned(),
            _ => "no line is a prediction".to_owned(),
        });
    }
    for (rule, found) in proteins.findings {
        findings.entry(rule).or_default().merge(found);
    }
    let findings = findings.into_iter().map(|(rule, found)| Finding {
        rule,
        text: rule.text(options.challenge),
        severity: rule.severity(),
        found,
    });
    Ok(Validation {
        file: source.name().to_owned(),
        challenge: options.challenge,
        lines,
        proteins: proteins.count,
        predictions: proteins.predictions,
        findings: findings.collect(),
    })
}

/// Checks each line and, if the proteins are in one place each, the proteins. Returns the number of
/// lines, and whether there are lines of text.
fn check_lines(
    source: &Source,
    challenge: Challenge,
    session: &mut Session<'_>,
    findings: &mut Findings,
    proteins: &mut Proteins<'_>,
) -> Result<(u64, bool), PredictionsError> {
    let mut lines = 0;
    let mut sections = Sections::default();
    let mut texts: HashMap<String, u32> = HashMap::new();
    let mut tally = Tally::default();
    parse_named_blocks(
        source.path(),
        source.name(),
        "predictions",
        // A byte-order mark is part of the first field for the organisers' programs.
        Reading::Cafaeval,
        |block| CheckedBlock::new(block, challenge),
        |first, block: CheckedBlock| {
            lines = first - 1 + block.lines;
            for (rule, at, excerpt) in block.examples {
                let found = findings.entry(rule).or_default();
                found.add(|| format!("line {}: {excerpt}", first + at));
            }
            for (rule, count) in block.more {
                findings.entry(rule).or_default().count += count;
            }
            for (section, at) in block.sections {
                sections.add(section, first + at);
            }
            for (accession, at) in block.texts {
                let count = texts.entry(accession).or_default();
                *count += 1;
                if *count > MOST_TEXTS {
                    let found = findings.entry(Rule::Text).or_default();
                    found.add(|| format!("line {}: line {count} of its protein", first + at));
                }
            }
            pass_on(
                source,
                session,
                block.runs,
                &mut tally,
                &mut |name, rows, terms| {
                    proteins.add_run(name, rows, terms);
                    Ok(())
                },
            )
        },
    )?;
    if challenge == Challenge::Cafa {
        sections.check(findings);
    }
    Ok((lines, !texts.is_empty()))
}

/// Checks the proteins of a file whose proteins are not in one place each.
fn check_scattered(
    source: &Source,
    challenge: Challenge,
    session: &mut Session<'_>,
    proteins: &mut Proteins<'_>,
) -> Result<(), PredictionsError> {
    let mut names = Names::default();
    let mut spool = Spool::new(session.memory);
    let scratch = session.scratch.clone();
    let mut tally = Tally::default();
    parse_named_blocks(
        source.path(),
        source.name(),
        "predictions",
        Reading::Cafaeval,
        |block| CheckedBlock::new(block, challenge),
        |_, block: CheckedBlock| {
            pass_on(
                source,
                session,
                block.runs,
                &mut tally,
                &mut |name, rows, _| spool.push(names.number(name), rows, &scratch),
            )
        },
    )?;
    spool.finish(&scratch)?;
    let unreadable = |source| PredictionsError::Scratch {
        directory: scratch.display().to_string(),
        source,
    };
    let mut reader = spool.reader().map_err(&unreadable)?;
    let mut rows = Vec::new();
    while let Some(protein) = reader.peek() {
        let repeated = reader.next(&mut rows).map_err(&unreadable)?;
        session.advance(0)?;
        proteins.check(names.name(protein), &rows, repeated, &session.terms);
    }
    Ok(())
}
