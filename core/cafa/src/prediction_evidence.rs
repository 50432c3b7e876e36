//! Reads the evidence that [`PredictionSink`](crate::prediction::PredictionSink) writes beside the
//! predictions, protein by protein, so memory does not grow with their number.

use std::io::{self, BufRead, Read};

use protea_contracts::{
    Explanation,
    explanation::{Contribution, TermExplanation},
    prelude::serde_json,
};

/// The longest line in bytes: the evidence of one protein.
const LONGEST: u64 = 256 << 20;

/// The evidence of predictions.
pub struct EvidenceReader {
    lines: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
}

impl EvidenceReader {
    /// A reader of JSON lines, one [`Explanation`] for each protein with predictions.
    pub fn new(lines: impl BufRead + 'static) -> Self {
        Self {
            lines: Box::new(lines),
            number: 0,
            line: Vec::new(),
        }
    }

    /// The evidence of the next protein, which is `accession`.
    ///
    /// # Errors
    ///
    /// Those of reading; [`io::ErrorKind::InvalidData`] if the next line is too long or not the
    /// evidence of this protein.
    pub fn next(&mut self, accession: &str) -> io::Result<Explanation> {
        let invalid = |number: u64, problem: &str| {
            let message = format!("line {number} of the evidence {problem}");
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        self.number += 1;
        self.line.clear();
        let mut bounded = (&mut self.lines).take(LONGEST);
        let read = bounded.read_until(b'\n', &mut self.line)?;
        if read as u64 == LONGEST {
            return Err(invalid(self.number, "is too long"));
        }
        let explanation: Explanation = serde_json::from_slice(&self.line)
            .map_err(|error| invalid(self.number, &format!("cannot be understood: {error}")))?;
        if explanation.accession == accession {
            return Ok(explanation);
        }
        let found = &explanation.accession;
        Err(invalid(
            self.number,
            &format!("is about {found:?}, and the predictions are of {accession:?}"),
        ))
    }
}

/// The contributions to a term in one cell of a table: `source amount (distance d)`, separated by
/// semicolons.
pub(crate) fn cell(explained: &TermExplanation) -> String {
    let mut parts: Vec<String> = explained.contributions.iter().map(part).collect();
    if explained.omitted > 0 {
        parts.push(format!("{} more", explained.omitted));
    }
    parts.join("; ")
}

fn part(contribution: &Contribution) -> String {
    let Contribution {
        source,
        amount,
        distance,
        similarity,
        value,
        ..
    } = contribution;
    let detail = match (distance, similarity, value) {
        (Some(distance), ..) => format!(" (distance {})", number(*distance)),
        (None, Some(similarity), _) => format!(" (similarity {})", number(*similarity)),
        (None, None, Some(value)) => {
            let value = value.as_f64().map_or_else(|| value.to_string(), number);
            format!(" (value {value})")
        }
        (None, None, None) => String::new(),
    };
    format!("{source} {}{detail}", number(*amount))
}

/// At most six decimals, without trailing zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0" } else { short }.to_owned()
}
