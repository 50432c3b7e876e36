//! Checks the order of the lines of a CAFA file.

use super::Findings;
use crate::challenge::{Rule, Section};

/// The sections of a CAFA file so far.
#[derive(Default)]
pub(super) struct Sections {
    order: Vec<(Section, u64)>,
    models: u64,
    accuracies: u64,
    last: Option<(Section, u64)>,
}

impl Sections {
    pub fn add(&mut self, section: Section, line: u64) {
        self.models += u64::from(section == Section::Model);
        self.accuracies += u64::from(section == Section::Accuracy);
        if self.last.map(|(last, _)| last) != Some(section) && self.order.len() < 64 {
            self.order.push((section, line));
        }
        self.last = Some((section, line));
    }

    pub fn check(&self, findings: &mut Findings) {
        let mut broken = |rule: Rule, example: &str| {
            let found = findings.entry(rule).or_default();
            found.add(|| example.to_owned());
        };
        if self.order.first().map(|(section, _)| *section) != Some(Section::Author) {
            broken(Rule::Author, "the first line is not AUTHOR");
        }
        let place = |wanted: Section| {
            self.order
                .iter()
                .position(|(section, _)| *section == wanted)
        };
        let is_before = match (place(Section::Model), place(Section::Predictions)) {
            (Some(model), Some(predictions)) => model < predictions,
            (model, _) => model.is_some(),
        };
        if !is_before {
            broken(Rule::Model, "there is no MODEL before the predictions");
        }
        if self.models > 3 {
            broken(Rule::Model, &format!("{} models", self.models));
        }
        if self.last.map(|(section, _)| section) != Some(Section::End) {
            broken(Rule::End, "the last line is not END");
        }
        // Each model may have keywords, accuracies and predictions, in this order.
        let rank = |section: Section| match section {
            Section::Author => 0,
            Section::Model => 1,
            Section::Keywords => 2,
            Section::Accuracy => 3,
            Section::Predictions => 4,
            Section::End => 5,
        };
        for pair in self.order.windows(2) {
            let (before, (section, line)) = (pair[0].0, pair[1]);
            let next_model = before == Section::Predictions && section == Section::Model;
            if rank(section) <= rank(before) && !next_model {
                broken(Rule::Order, &format!("line {line}"));
            }
        }
    }
}
