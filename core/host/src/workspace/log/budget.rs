//! How much of what a runner says goes into the log.

use std::collections::BTreeMap;

use protea_contracts::Level;

/// How many events of a kind are logged at their own level, in each step.
pub(super) const FIRST: u64 = 100;
/// How many events of a kind are logged at all, in each step.
pub(super) const MOST: u64 = 10_000;
/// How many kinds are counted separately, because a runner can generate names.
const KINDS: usize = 200;
/// The kind of all events of further names.
pub(super) const OTHER: &str = "(events of other names)";

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// It is logged as it is.
    First,
    /// It is, and those after it are not.
    LastOfTheFirst,
    /// It is logged at [`Level::Debug`].
    Rest,
    /// It is counted only.
    Nothing,
}

/// The events of a step, counted by name.
#[derive(Debug, Default)]
pub(super) struct Budget(BTreeMap<String, (u64, Level)>);

/// How often there was a kind of event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) kind: String,
    /// The highest level that it came with.
    pub(super) level: Level,
    pub(super) heard: u64,
}

impl Budget {
    /// Counts an event.
    pub(super) fn take(&mut self, kind: &str, level: Level) -> Share {
        let known = self.0.contains_key(kind) || self.0.len() < KINDS;
        let kind = if known { kind } else { OTHER };
        let (heard, highest) = match self.0.get_mut(kind) {
            Some(counted) => counted,
            None => self.0.entry(kind.to_owned()).or_default(),
        };
        *heard += 1;
        *highest = level.max(*highest);
        match *heard {
            FIRST => Share::LastOfTheFirst,
            heard if heard < FIRST => Share::First,
            heard if heard <= MOST => Share::Rest,
            _ => Share::Nothing,
        }
    }

    /// The kinds with more events than were logged at their own level. Resets the counters.
    pub(super) fn drain(&mut self) -> Vec<Tally> {
        std::mem::take(&mut self.0)
            .into_iter()
            .filter(|(_, (heard, _))| *heard > FIRST)
            .map(|(kind, (heard, level))| Tally { kind, level, heard })
            .collect()
    }
}
