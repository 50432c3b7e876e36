//! Reads clusters of proteins.

use std::{collections::HashMap, path::Path};

use super::{FormatError, accession, error::excerpt, lines::Lines};

/// Reads a table of two columns, protein and cluster in either order, separated by a tab or blanks.
/// Returns the number of the cluster of every name in the table.
///
/// Names on the same line belong to one cluster, and so do all names that are connected by lines.
/// The order of the columns therefore does not matter, and the table of MMseqs2 works too: it lists
/// representative and member, and the representative is a member itself. Clusters that share a
/// protein are merged. `sp|P12345|NAME` counts as `P12345`.
///
/// # Errors
///
/// [`FormatError::Malformed`] for a line without two columns, [`FormatError::Empty`] for a file
/// without rows, [`FormatError::Read`] if reading fails.
pub fn read_clusters(path: &Path) -> Result<HashMap<String, u32>, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut parent: Vec<u32> = Vec::new();
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
                    let number = parent.len() as u32;
                    numbers.insert(name.to_owned(), number);
                    parent.push(number);
                    number
                }
            }
        });
        let (one, other) = (root(&mut parent, one), root(&mut parent, other));
        parent[one.max(other) as usize] = one.min(other);
    }
    if numbers.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of protein and cluster",
        });
    }
    for number in numbers.values_mut() {
        *number = root(&mut parent, *number);
    }
    Ok(numbers)
}

/// The representative of a set, which is its lowest number. Shortens the path for later calls.
fn root(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        let next = parent[at as usize];
        parent[at as usize] = parent[next as usize];
        at = next;
    }
    at
}
