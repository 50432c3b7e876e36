//! Checks what the rules say about a protein and all of its terms.

use std::collections::HashSet;

use super::{Findings, ValidateOptions};
use crate::{
    challenge::{Challenge, Rule},
    names::{Names, Scored, Terms},
    resolver::Resolver,
    spool::keep_highest,
};

/// Checks the proteins.
pub(super) struct Proteins<'v> {
    challenge: Challenge,
    targets: Option<&'v HashSet<String>>,
    resolver: Option<Resolver<'v>>,
    pub findings: Findings,
    pub count: u64,
    pub predictions: u64,
    /// Whether each protein was in one place so far.
    pub grouped: bool,
    names: Names,
    accession: String,
    rows: Vec<Scored>,
}

impl<'v> Proteins<'v> {
    pub fn new(options: &ValidateOptions<'v>) -> Self {
        Self {
            challenge: options.challenge,
            targets: options.proteins,
            resolver: options.ontology.map(Resolver::new),
            findings: Findings::new(),
            count: 0,
            predictions: 0,
            grouped: true,
            names: Names::default(),
            accession: String::new(),
            rows: Vec::new(),
        }
    }

    pub fn add_run(&mut self, name: &str, run: &[Scored], terms: &Terms) {
        if !self.grouped {
            return;
        }
        if name != self.accession {
            self.end(terms);
            let known = self.names.len();
            self.grouped = self.names.number(name) as usize == known;
            name.clone_into(&mut self.accession);
        }
        self.rows.extend_from_slice(run);
    }

    /// Checks the current protein.
    pub fn end(&mut self, terms: &Terms) {
        if self.rows.is_empty() {
            return;
        }
        let mut rows = std::mem::take(&mut self.rows);
        let repeated = keep_highest(&mut rows);
        let accession = std::mem::take(&mut self.accession);
        self.check(&accession, &rows, repeated, terms);
        rows.clear();
        self.rows = rows;
    }

    /// Checks a protein, whose terms occur once each.
    pub fn check(&mut self, accession: &str, rows: &[Scored], repeated: u64, terms: &Terms) {
        self.count += 1;
        self.predictions += rows.len() as u64;
        let mut broken = |rule: Rule, example: String| {
            self.findings.entry(rule).or_default().add(|| example);
        };
        if self
            .challenge
            .most_terms()
            .is_some_and(|most| rows.len() > most)
        {
            broken(
                Rule::TermsPerProtein,
                format!("{accession} has {} terms", rows.len()),
            );
        }
        if repeated > 0 {
            broken(Rule::Repeated, format!("{accession} repeats {repeated}"));
        }
        if self
            .targets
            .is_some_and(|targets| !targets.contains(accession))
        {
            broken(Rule::Target, accession.to_owned());
        }
        if let Some(resolver) = &mut self.resolver {
            for row in rows {
                if resolver.first(row.term, terms).is_none() {
                    broken(Rule::UnknownTerm, terms.id(row.term).into_owned());
                }
            }
        }
        if self.targets.is_some() {
            self.names.number(accession);
        }
    }

    /// Counts the targets without a prediction.
    pub fn add_missing(&mut self) {
        let Some(targets) = self.targets else {
            return;
        };
        let mut missing: Vec<&String> = targets
            .iter()
            .filter(|target| !self.names.contains(target))
            .collect();
        missing.sort_unstable();
        for target in missing {
            let found = self.findings.entry(Rule::MissingTarget).or_default();
            found.add(|| target.clone());
        }
    }
}
