//! Many lists, or many strings, in one allocation.

use super::term::Term;

/// Lists of varying length, stored one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    pub offsets: Vec<u32>,
    pub items: Vec<Term>,
}

impl Lists {
    /// The list with index `at`.
    pub fn get(&self, at: usize) -> &[Term] {
        &self.items[self.offsets[at] as usize..self.offsets[at + 1] as usize]
    }
}

/// Strings, stored one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub text: String,
    pub ends: Vec<u32>,
}

impl Texts {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
    }

    pub fn get(&self, at: usize) -> &str {
        let start = if at == 0 {
            0
        } else {
            self.ends[at - 1] as usize
        };
        &self.text[start..self.ends[at] as usize]
    }
}
