//! A fast map from the id of a term to its number.

use std::collections::HashMap;

use super::term::Term;

const PAGE: usize = 1024;
const PAGES: usize = 10_000_000usize.div_ceil(PAGE);
/// An entry with this bit set is an index into `many`; without it, it is the number of a term.
const MANY: u32 = 1 << 31;
const NONE: u32 = u32::MAX;

/// Ids of the form `GO:NNNNNNN` are in a table of pages that is addressed by the seven digits. GO
/// uses few of the ten million numbers, in runs, so about 250 pages exist. All other ids are in a
/// hash map.
#[derive(Clone, Debug)]
pub(super) struct TermIndex {
    pages: Vec<u16>,
    entries: Vec<u32>,
    others: HashMap<Box<[u8]>, u32>,
    /// The identity map, so that a single term can be returned as a slice.
    all: Vec<Term>,
    /// The terms of alternative ids that refer to several terms.
    many: Vec<Box<[Term]>>,
}

impl TermIndex {
    pub fn new(terms: usize) -> TermIndex {
        TermIndex {
            pages: vec![0; PAGES],
            entries: vec![NONE; PAGE], // page 0 is the empty one that all absent ids share
            others: HashMap::new(),
            all: (0..terms).map(Term::from_index).collect(),
            many: Vec::new(),
        }
    }

    /// Maps `id` to `terms`, which are sorted and not empty.
    pub fn insert(&mut self, id: &[u8], terms: &[Term]) {
        let entry = if let [one] = terms {
            one.number()
        } else {
            self.many.push(terms.into());
            (self.many.len() - 1) as u32 | MANY
        };
        let Some(number) = go_number(id) else {
            self.others.insert(id.into(), entry);
            return;
        };
        let page = &mut self.pages[number / PAGE];
        if *page == 0 {
            *page = (self.entries.len() / PAGE) as u16;
            self.entries.resize(self.entries.len() + PAGE, NONE);
        }
        self.entries[usize::from(*page) * PAGE + number % PAGE] = entry;
    }

    #[inline]
    pub fn get(&self, id: &[u8]) -> &[Term] {
        let entry = match go_number(id) {
            Some(number) => {
                self.entries[usize::from(self.pages[number / PAGE]) * PAGE + number % PAGE]
            }
            None => self.others.get(id).copied().unwrap_or(NONE),
        };
        if entry & MANY == 0 {
            let at = entry as usize;
            &self.all[at..=at]
        } else if entry == NONE {
            &[]
        } else {
            &self.many[(entry & !MANY) as usize]
        }
    }
}

/// The number in `GO:NNNNNNN`; `None` for an id of any other form.
#[inline]
fn go_number(id: &[u8]) -> Option<usize> {
    // With an array of known length the compiler compares registers, which it does not do for
    // `strip_prefix`. This is the hottest line of reading predictions.
    let id: &[u8; 10] = id.try_into().ok()?;
    let [b'G', b'O', b':', digits @ ..] = id else {
        return None;
    };
    let mut number = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number * 10 + usize::from(value);
    }
    Some(number)
}
