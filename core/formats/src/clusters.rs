//! Reads clusters of proteins.

use std::{collections::HashMap, path::Path};

use super::{
    FormatError, accession,
    error::excerpt,
    lines::{Lines, fields, separator_hint},
};

/// Reads a table of two columns, protein and cluster in either order, separated by a tab or blanks.
/// Returns the number of the cluster of every name in the table.
///
/// Names on the same line belong to one cluster, and so do all names that are connected by lines.
/// The order of the columns therefore does not matter, and the table of MMseqs2 works too: it lists
/// representative and member, and the representative is a member itself. Clusters that share a
/// protein are merged. `sp|P12345|NAME` counts as `P12345`. Also reads the `.clstr` file of CD-HIT,
/// which is recognised from its first line.
///
/// # Errors
///
/// [`FormatError::Malformed`] for a line without two columns, [`FormatError::Empty`] for a file
/// without rows, [`FormatError::Read`] if reading fails.
pub fn read_clusters(path: &Path) -> Result<HashMap<String, u32>, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut parent: Vec<u32> = Vec::new();
    let mut is_first = true;
    while lines.advance()? {
        let line = lines.line();
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        if std::mem::take(&mut is_first) {
            if line.starts_with(b">Cluster") {
                return cd_hit(lines);
            }
            if is_header(line) {
                continue;
            }
        }
        let mut words = fields(lines.text()?);
        let (Some(one), Some(other), None) = (words.next(), words.next(), words.next()) else {
            return Err(lines.malformed(
                format!(
                    "{} is not a protein and a cluster{}",
                    excerpt(lines.line()),
                    separator_hint(lines.line())
                ),
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

/// Whether the first line names the columns: the usual names, and no digit.
fn is_header(line: &[u8]) -> bool {
    const NAMES: [&str; 10] = [
        "representative",
        "rep",
        "cluster",
        "cluster_id",
        "member",
        "protein",
        "accession",
        "entryid",
        "id",
        "query",
    ];
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let mut words = line.split_whitespace();
    words.all(|word| NAMES.contains(&word.trim_matches('"')))
}

/// Reads the clusters of CD-HIT: `>Cluster 0`, then `0 90aa, >P12345... *` for every protein.
///
/// CD-HIT cuts names at the first blank, or after 20 letters unless it was run with `-d 0`.
fn cd_hit(mut lines: Lines) -> Result<HashMap<String, u32>, FormatError> {
    let mut numbers = HashMap::new();
    let mut cluster = 0;
    loop {
        if lines.line().starts_with(b">Cluster") {
            cluster += 1;
        } else if !lines.line().trim_ascii().is_empty() {
            let text = lines.text()?;
            let name = text
                .split_once('>')
                .and_then(|(_, rest)| rest.split_once("..."))
                .and_then(|(name, _)| accession::from_word(name));
            let Some(name) = name else {
                return Err(lines.malformed(
                    format!("{} is not a protein of a cluster", excerpt(lines.line())),
                    "CD-HIT writes such as '0<tab>90aa, >P12345... *'; give its .clstr file unchanged",
                ));
            };
            numbers.insert(name.to_owned(), cluster - 1);
        }
        if !lines.advance()? {
            break;
        }
    }
    if numbers.is_empty() {
        return Err(FormatError::Empty {
            path: lines.path().to_owned(),
            expected: "protein of a cluster",
        });
    }
    Ok(numbers)
}
