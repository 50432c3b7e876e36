//! Compares two files.

use protea_ontology::{Aspect, Ontology};
use serde::Serialize;

use crate::{
    error::PredictionsError,
    examples::Examples,
    groups::collect,
    names::{Names, Scored, Terms},
    resolver::Resolver,
    run_builder::Tally,
    session::Session,
    source::Source,
};

/// How to compare.
#[derive(Default)]
pub struct DiffOptions<'o> {
    /// Scores that differ by at most this are equal.
    pub tolerance: f64,
    /// The ontology, to count by aspect.
    pub ontology: Option<&'o Ontology>,
}

/// The difference in one aspect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AspectDifference {
    /// Predictions of the first file only.
    pub only_first: u64,
    /// Predictions of the second file only.
    pub only_second: u64,
    /// Predictions of both with different scores.
    pub changed: u64,
    /// Predictions of both with equal scores.
    pub equal: u64,
}

/// The difference between two files.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What was read of each file.
    pub tallies: [Tally; 2],
    /// Rows of each file that repeat a term of their protein. The highest score counts.
    pub repeated: [u64; 2],
    /// Proteins of both files.
    pub proteins: u64,
    /// Proteins of the first file only.
    pub proteins_only_first: Examples,
    /// Proteins of the second file only.
    pub proteins_only_second: Examples,
    /// Predictions of both with equal scores.
    pub equal: u64,
    /// Predictions of the first file only.
    pub only_first: Examples,
    /// Predictions of the second file only.
    pub only_second: Examples,
    /// Predictions of both with different scores.
    pub changed: Examples,
    /// The largest difference of two scores of a prediction, also if it is within the tolerance.
    pub largest_change: f64,
    /// The same by aspect, in the order of [`Aspect::ALL`]; empty without an ontology.
    pub aspects: Vec<AspectDifference>,
    /// Predictions whose term is not in the ontology.
    pub unknown: u64,
}

impl Difference {
    /// Whether both files predict the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.only_first.count + self.only_second.count + self.changed.count == 0
    }
}

/// The kind of a pair of protein and term.
#[derive(Clone, Copy)]
enum Kind {
    OnlyFirst,
    OnlySecond,
    Changed,
    Equal,
}

/// Compares two files, whatever the order of their rows, with the memory of the session.
///
/// # Errors
///
/// Those of reading. A file without predictions is not an error.
pub fn diff(
    files: [&Source; 2],
    options: &DiffOptions<'_>,
    session: &mut Session<'_>,
) -> Result<Difference, PredictionsError> {
    let mut names = Names::default();
    let memory = session.memory / 2;
    let (first, first_tally) = collect(files[0], session, memory, &mut names)?;
    let (second, second_tally) = collect(files[1], session, memory, &mut names)?;
    let scratch = session.scratch.display().to_string();
    let unreadable = |source| PredictionsError::Scratch {
        directory: scratch.clone(),
        source,
    };
    let mut readers = [
        first.reader().map_err(&unreadable)?,
        second.reader().map_err(&unreadable)?,
    ];
    let mut comparison = Comparison {
        tolerance: options.tolerance,
        resolver: options.ontology.map(Resolver::new),
        difference: Difference {
            tallies: [first_tally, second_tally],
            aspects: match options.ontology {
                Some(_) => vec![AspectDifference::default(); Aspect::ALL.len()],
                None => Vec::new(),
            },
            ..Difference::default()
        },
    };
    let mut rows = [Vec::new(), Vec::new()];
    while let Some(protein) = readers.iter().filter_map(|reader| reader.peek()).min() {
        for (place, reader) in readers.iter_mut().enumerate() {
            rows[place].clear();
            if reader.peek() == Some(protein) {
                let repeated = reader.next(&mut rows[place]).map_err(&unreadable)?;
                comparison.difference.repeated[place] += repeated;
            }
        }
        session.advance(0)?;
        comparison.add(names.name(protein), &rows, &session.terms);
    }
    Ok(comparison.difference)
}

struct Comparison<'o> {
    tolerance: f64,
    resolver: Option<Resolver<'o>>,
    difference: Difference,
}

impl Comparison<'_> {
    /// Compares the terms of a protein, sorted by term.
    fn add(&mut self, accession: &str, rows: &[Vec<Scored>; 2], terms: &Terms) {
        let example = || accession.to_owned();
        match rows.each_ref().map(Vec::is_empty) {
            [false, false] => self.difference.proteins += 1,
            [false, true] => self.difference.proteins_only_first.add(example),
            [true, false] => self.difference.proteins_only_second.add(example),
            [true, true] => {}
        }
        let [mut first, mut second] = rows.each_ref().map(|rows| rows.iter().peekable());
        loop {
            let (a, b) = (first.peek().copied(), second.peek().copied());
            let (row, kind) = match (a, b) {
                (None, None) => break,
                (Some(a), Some(b)) if a.term == b.term => {
                    let change = (a.score - b.score).abs();
                    let largest = &mut self.difference.largest_change;
                    *largest = largest.max(change);
                    let is_equal = change <= self.tolerance;
                    (a, if is_equal { Kind::Equal } else { Kind::Changed })
                }
                (Some(a), b) if b.is_none_or(|b| a.term < b.term) => (a, Kind::OnlyFirst),
                (_, Some(b)) => (b, Kind::OnlySecond),
                (Some(a), None) => (a, Kind::OnlyFirst),
            };
            let scores = || match (a, b, kind) {
                (Some(a), Some(b), Kind::Changed) => format!("{} and {}", a.score, b.score),
                _ => row.score.to_string(),
            };
            let example = || format!("{accession} {} {}", terms.id(row.term), scores());
            match kind {
                Kind::OnlyFirst => self.difference.only_first.add(example),
                Kind::OnlySecond => self.difference.only_second.add(example),
                Kind::Changed => self.difference.changed.add(example),
                Kind::Equal => self.difference.equal += 1,
            }
            self.count_aspect(row, kind, terms);
            if !matches!(kind, Kind::OnlySecond) {
                first.next();
            }
            if !matches!(kind, Kind::OnlyFirst) {
                second.next();
            }
        }
    }

    fn count_aspect(&mut self, row: &Scored, kind: Kind, terms: &Terms) {
        let Some(resolver) = &mut self.resolver else {
            return;
        };
        let Some(aspect) = resolver.aspect(row.term, terms) else {
            self.difference.unknown += 1;
            return;
        };
        let counts = &mut self.difference.aspects[aspect as usize];
        *match kind {
            Kind::OnlyFirst => &mut counts.only_first,
            Kind::OnlySecond => &mut counts.only_second,
            Kind::Changed => &mut counts.changed,
            Kind::Equal => &mut counts.equal,
        } += 1;
    }
}
