//! Numbers for the names of terms and proteins, so that a row takes little memory.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap, sync::Arc};

use ahash::RandomState;
use protea_ontology::{Ontology, Term};

use crate::error::PredictionsError;

/// The most different terms that are not `GO:NNNNNNN`. No ontology has as many.
const MOST_TERMS: usize = 4_000_000;
/// Keys from here on are terms that are not of the form `GO:NNNNNNN`.
const OTHER: u32 = 10_000_000;

/// A term, as a number. Valid with the [`Terms`] that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermKey(pub(crate) u32);

/// A term and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The term.
    pub term: TermKey,
    /// The score, as it was read: above 0, usually at most 1.
    pub score: f64,
}

impl TermKey {
    /// The key of an id of the form `GO:NNNNNNN`.
    #[inline]
    pub(crate) fn of_go(id: &[u8]) -> Option<Self> {
        let digits = id.strip_prefix(b"GO:")?;
        if digits.len() != 7 {
            return None;
        }
        let mut number = 0;
        for &digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + u32::from(digit - b'0');
        }
        Some(Self(number))
    }

    /// The key of a term of another form with this number.
    pub(crate) fn other(number: usize) -> Self {
        Self(OTHER + number as u32)
    }

    /// The number of a term of another form.
    pub(crate) fn other_number(self) -> Option<usize> {
        self.0.checked_sub(OTHER).map(|number| number as usize)
    }
}

/// Names and their numbers.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<Arc<str>, u32, RandomState>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, which is added if it is new.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    pub fn contains(&self, name: &str) -> bool {
        self.numbers.contains_key(name)
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }
}

/// The terms that were named so far.
#[derive(Debug, Default)]
pub struct Terms {
    others: Names,
}

impl Terms {
    /// The key of an id.
    ///
    /// # Errors
    ///
    /// [`PredictionsError::TooManyTerms`] for more than four million ids that are not `GO:NNNNNNN`.
    pub(crate) fn key(&mut self, id: &str, file: &str) -> Result<TermKey, PredictionsError> {
        if let Some(key) = TermKey::of_go(id.as_bytes()) {
            return Ok(key);
        }
        let number = self.others.number(id);
        if self.others.len() > MOST_TERMS {
            return Err(PredictionsError::TooManyTerms {
                file: file.to_owned(),
                most: MOST_TERMS,
            });
        }
        Ok(TermKey::other(number as usize))
    }

    /// The key of a term of an ontology.
    pub(crate) fn key_of(&mut self, ontology: &Ontology, term: Term) -> TermKey {
        let id = ontology.id(term);
        TermKey::of_go(id.as_bytes())
            .unwrap_or_else(|| TermKey::other(self.others.number(id) as usize))
    }

    /// The id of a term.
    #[must_use]
    pub fn id(&self, key: TermKey) -> Cow<'_, str> {
        match key.other_number() {
            None => Cow::Owned(format!("GO:{:07}", key.0)),
            Some(number) => Cow::Borrowed(self.others.name(number as u32)),
        }
    }

    /// Appends the id of a term to a line.
    #[inline]
    pub(crate) fn push_id(&self, key: TermKey, line: &mut Vec<u8>) {
        match key.other_number() {
            None => {
                let mut id = *b"GO:0000000";
                let mut rest = key.0;
                for digit in id[3..].iter_mut().rev() {
                    *digit = b'0' + (rest % 10) as u8;
                    rest /= 10;
                }
                line.extend_from_slice(&id);
            }
            Some(number) => line.extend_from_slice(self.others.name(number as u32).as_bytes()),
        }
    }

    /// Compares the ids of two terms.
    #[must_use]
    pub fn compare(&self, a: TermKey, b: TermKey) -> Ordering {
        match (a.other_number(), b.other_number()) {
            (None, None) => a.cmp(&b),
            _ => self.id(a).cmp(&self.id(b)),
        }
    }
}
