//! Checks the lines of a block one by one.

use std::collections::BTreeMap;

use protea_ontology::Reading;
use protea_scoring::table::{Block, Lines, columns, float, is_header, line_count};

use crate::{
    challenge::{Challenge, Rule, Section, has_allowed_digits, is_cafa_target, is_term},
    run_builder::RunBuilder,
};

/// Bytes of a line that an example shows.
const EXCERPT: usize = 80;

/// The lines of a block, checked one by one.
pub(super) struct CheckedBlock {
    pub lines: u64,
    /// Broken rules, the line within the block from 0, and the line's text: the first of each rule.
    pub examples: Vec<(Rule, u64, String)>,
    /// How often else the rules are broken.
    pub more: BTreeMap<Rule, u64>,
    pub sections: Vec<(Section, u64)>,
    pub texts: Vec<(String, u64)>,
    pub runs: RunBuilder,
}

impl CheckedBlock {
    pub fn new(block: Block<'_>, challenge: Challenge) -> Self {
        let mut checked = Self {
            lines: line_count(block.text),
            examples: Vec::new(),
            more: BTreeMap::new(),
            sections: Vec::new(),
            texts: Vec::new(),
            runs: RunBuilder::everything(),
        };
        let mut next = 0;
        for (number, line) in Lines::new(block.text) {
            checked.blank(next, number, challenge);
            next = number + 1;
            let is_first = block.is_first && number == 0;
            let mut line = line;
            if is_first && let Some(rest) = line.strip_prefix(b"\xef\xbb\xbf") {
                checked.add(Rule::ByteOrderMark, number, line);
                line = rest;
            }
            if let Some(rule) = checked.check(line, number, is_first, challenge) {
                checked.add(rule, number, line);
            }
        }
        checked.blank(next, checked.lines, challenge);
        checked
    }

    /// The organisers' checker of CAFA fails at a blank line.
    fn blank(&mut self, from: u64, to: u64, challenge: Challenge) {
        if challenge == Challenge::Cafa {
            (from..to).for_each(|number| self.add(Rule::BlankLine, number, b""));
        }
    }

    fn add(&mut self, rule: Rule, number: u64, line: &[u8]) {
        if self.examples.iter().filter(|(it, ..)| *it == rule).count() < 3 {
            let line = line.trim_ascii_end();
            let excerpt = String::from_utf8_lossy(&line[..line.len().min(EXCERPT)]);
            self.examples.push((rule, number, excerpt.into_owned()));
        } else {
            *self.more.entry(rule).or_default() += 1;
        }
    }

    /// The rule that a line breaks. What can be read of the line is added to the runs.
    fn check(
        &mut self,
        line: &[u8],
        number: u64,
        is_first: bool,
        challenge: Challenge,
    ) -> Option<Rule> {
        if line.trim_ascii().is_empty() {
            return (challenge == Challenge::Cafa).then_some(Rule::BlankLine);
        }
        let [accession, term, score, fourth] = columns(line, Reading::Cafaeval);
        if challenge == Challenge::Cafa {
            let section = Section::of(accession);
            if section != Section::Predictions || self.sections.last().map(|s| s.0) != Some(section)
            {
                self.sections.push((section, number));
            }
            if section != Section::Predictions {
                return section.check(&String::from_utf8_lossy(line));
            }
        }
        if challenge == Challenge::Kaggle && term == b"Text" {
            return self.text(line, accession, number);
        }
        if is_first && challenge != Challenge::Cafa && is_header(line) {
            return Some(Rule::Header);
        }
        let tabs = || {
            line.trim_ascii_end()
                .iter()
                .filter(|&&b| b == b'\t')
                .count()
        };
        if score.is_empty() || !fourth.is_empty() || (challenge != Challenge::Cafa && tabs() != 2) {
            return Some(Rule::Columns);
        }
        if has_control_characters(accession) || self.runs.add(accession, term, 1.0).is_err() {
            return Some(Rule::Name);
        }
        if challenge == Challenge::Cafa && !is_cafa_target(accession) {
            return Some(Rule::Target);
        }
        if !is_term(challenge, term) {
            return Some(Rule::Term);
        }
        let Some(value) = float(score) else {
            return Some(Rule::ScoreNumber);
        };
        if !(value > 0.0 && value <= 1.0) {
            return Some(Rule::ScoreRange);
        }
        (!has_allowed_digits(challenge, score)).then_some(Rule::ScoreDigits)
    }

    /// A line in words: accession, `Text`, score, text.
    fn text(&mut self, line: &[u8], accession: &[u8], number: u64) -> Option<Rule> {
        let name = String::from_utf8_lossy(accession).into_owned();
        self.texts.push((name, number));
        let [_, _, score] = columns(line, Reading::Cafaeval);
        let Some(value) = float(score) else {
            return Some(Rule::ScoreNumber);
        };
        if !(value > 0.0 && value <= 1.0) {
            return Some(Rule::ScoreRange);
        }
        let start = score.as_ptr().addr() - line.as_ptr().addr() + score.len();
        let text = line[start..].trim_ascii();
        let is_printable = text.iter().all(|byte| (b' '..=b'~').contains(byte));
        (text.is_empty() || !is_printable).then_some(Rule::Text)
    }
}

/// Whether a name has control characters, also those beyond ASCII.
fn has_control_characters(name: &[u8]) -> bool {
    String::from_utf8_lossy(name).chars().any(char::is_control)
}
