//! Selects tests by name.

use regex::Regex;

use crate::Test;

/// The tests to run.
#[derive(Debug, Clone)]
pub struct Selection {
    tests: Vec<Test>,
}

/// Why tests cannot be selected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A pattern is not a regular expression.
    #[error("the {list} pattern {pattern:?} is not a valid regular expression: {reason}")]
    Pattern {
        /// The list that it is in: `filter` or `exclude`.
        list: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern matches no test.
    #[error("no test has a name that matches the {list} pattern {pattern:?}")]
    FindsNothing {
        /// The list that it is in: `filter` or `exclude`.
        list: &'static str,
        /// The pattern.
        pattern: String,
    },
    /// No test has this name.
    #[error("there is no test {name:?}{}", nearest.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default())]
    NoSuchTest {
        /// The name.
        name: String,
        /// The name of a test that is similar.
        nearest: Option<&'static str>,
    },
    /// All tests that match are excluded.
    #[error("no test is left to run: every selected test is excluded")]
    NothingLeft,
}

impl Selection {
    /// All tests.
    #[must_use]
    pub fn all() -> Self {
        Self {
            tests: Test::all().collect(),
        }
    }

    /// The tests whose names match one of `filters` (all tests if there are none) and none of `excludes`.
    ///
    /// ```
    /// use protea_conformance::Selection;
    ///
    /// let selection = Selection::new(&["^load/".into()], &["others$".into()])?;
    /// assert_eq!(selection.tests().len(), 5);
    /// assert!(Selection::new(&["laod".into()], &[]).is_err());
    /// # Ok::<(), protea_conformance::SelectionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a pattern is not a regular expression or matches no test, or no test is left.
    pub fn new(filters: &[String], excludes: &[String]) -> Result<Self, SelectionError> {
        let filters = compiled("filter", filters)?;
        let excludes = compiled("exclude", excludes)?;
        let found = |patterns: &[Regex], test: &Test| {
            patterns.iter().any(|pattern| pattern.is_match(test.name()))
        };
        let tests: Vec<Test> = Test::all()
            .filter(|test| filters.is_empty() || found(&filters, test))
            .filter(|test| !found(&excludes, test))
            .collect();
        if tests.is_empty() {
            return Err(SelectionError::NothingLeft);
        }
        Ok(Self { tests })
    }

    /// The tests with exactly these names, in the order of the suite.
    ///
    /// ```
    /// use protea_conformance::Selection;
    ///
    /// let selection = Selection::named(&["load/twice".into()])?;
    /// assert_eq!(selection.tests()[0].name(), "load/twice");
    /// assert!(Selection::named(&["load/twise".into()]).is_err());
    /// # Ok::<(), protea_conformance::SelectionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no test with one of the names.
    pub fn named(names: &[String]) -> Result<Self, SelectionError> {
        if let Some(name) = names.iter().find(|name| Test::named(name).is_none()) {
            return Err(SelectionError::NoSuchTest {
                name: name.clone(),
                nearest: nearest(name),
            });
        }
        let named = |test: &Test| names.iter().any(|name| name == test.name());
        Ok(Self {
            tests: Test::all().filter(named).collect(),
        })
    }

    /// The tests, in the order in which they are run.
    #[must_use]
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }
}

/// A test whose name has the last part of `name`, or the same first part and begins as it does.
fn nearest(name: &str) -> Option<&'static str> {
    let (scope, test) = name.split_once('/').unwrap_or(("", name));
    let begins = |one: &str, other: &str| {
        let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
        same.count()
    };
    let similarity = |known: &'static str| {
        let (known_scope, known_test) = known.split_once('/').unwrap_or(("", known));
        let in_scope = usize::from(scope == known_scope);
        (begins(test, known_test) + 2 * in_scope, known)
    };
    let best = Test::all()
        .map(|test| similarity(test.name()))
        .max_by_key(|(score, _)| *score);
    best.filter(|(score, _)| *score >= 3)
        .map(|(_, known)| known)
}

fn compiled(list: &'static str, patterns: &[String]) -> Result<Vec<Regex>, SelectionError> {
    patterns
        .iter()
        .map(|pattern| {
            let regex = Regex::new(pattern).map_err(|error| SelectionError::Pattern {
                list,
                pattern: pattern.clone(),
                reason: error.to_string(),
            })?;
            if Test::all().any(|test| regex.is_match(test.name())) {
                Ok(regex)
            } else {
                Err(SelectionError::FindsNothing {
                    list,
                    pattern: pattern.clone(),
                })
            }
        })
        .collect()
}
