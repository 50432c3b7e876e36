//! Numbers for strings that repeat, so that a row of annotations takes few bytes.

use std::collections::HashMap;

/// Assigns numbers to repeated strings.
#[derive(Default)]
pub(super) struct StringNumbers {
    pub(super) numbers: HashMap<String, u32>,
}

impl StringNumbers {
    pub(super) fn number(&mut self, text: &str) -> u32 {
        match self.numbers.get(text) {
            Some(&number) => number,
            None => {
                let number = self.numbers.len() as u32;
                self.numbers.insert(text.to_owned(), number);
                number
            }
        }
    }

    /// The strings in alphabetical order, and the rank of each number.
    pub(super) fn sorted(&self) -> (Vec<&str>, Vec<u32>) {
        let mut texts: Vec<(&str, u32)> = self
            .numbers
            .iter()
            .map(|(text, &number)| (text.as_str(), number))
            .collect();
        texts.sort_unstable();
        let mut places = vec![0; texts.len()];
        for (place, &(_, number)) in texts.iter().enumerate() {
            places[number as usize] = place as u32;
        }
        (texts.into_iter().map(|(text, _)| text).collect(), places)
    }
}
