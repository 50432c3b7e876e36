//! Clusters of proteins.

use std::collections::HashMap;
use std::path::Path;

use super::error::excerpt;
use super::lines::Lines;
use super::{FormatError, accession};

/// Reads a table of two columns, protein and cluster or cluster and protein, separated by a tab or blanks, and answers a
/// number for the cluster of every text in it.
///
/// What stands on one line belongs together, and so does all that is connected by lines. So the order of the columns does
/// not matter: MMseqs2 writes representative and member, and the representative is a member too. Clusters that share a
/// protein become one. `sp|P12345|NAME` counts as `P12345`.
///
/// # Errors
/// [`FormatError::Malformed`] for a line of another form; [`FormatError::Empty`]; [`FormatError::Read`].
pub fn read_clusters(path: &Path) -> Result<HashMap<String, u32>, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut above: Vec<u32> = Vec::new();
    while lines.advance()? {
        let mut words = lines.text()?.split_whitespace();
        let (Some(one), Some(other), None) = (words.next(), words.next(), words.next()) else {
            if lines.line().trim_ascii().is_empty() {
                continue;
            }
            return Err(lines.malformed(
                format!("{} is not a protein and a cluster", excerpt(lines.line())),
                "give two columns, such as 'P12345<tab>cluster7'",
            ));
        };
        let [one, other] = [one, other].map(|word| {
            let name = accession::from_word(word).unwrap_or(word);
            match numbers.get(name) {
                Some(&number) => number,
                None => {
                    let number = above.len() as u32;
                    numbers.insert(name.to_owned(), number);
                    above.push(number);
                    number
                }
            }
        });
        let (one, other) = (root(&mut above, one), root(&mut above, other));
        above[one.max(other) as usize] = one.min(other);
    }
    if numbers.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            what: "row of protein and cluster",
        });
    }
    for number in numbers.values_mut() {
        *number = root(&mut above, *number);
    }
    Ok(numbers)
}

/// The least of what is connected; the way there is shortened.
fn root(above: &mut [u32], mut at: u32) -> u32 {
    while above[at as usize] != at {
        let next = above[at as usize];
        above[at as usize] = above[next as usize];
        at = next;
    }
    at
}
