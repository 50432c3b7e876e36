//! Decides which columns of a table are names and which are numbers.

use super::{
    super::{FormatError, OpenOptions, arrays::odd_name},
    row::{Separator, has_decimal_comma, is_list, is_missing, is_number},
};

/// Names of a column of accessions, in lower case, for tables whose names are numbers.
const ID_NAMES: [&str; 10] = [
    "id",
    "ids",
    "accession",
    "accessions",
    "entry",
    "entryid",
    "protein",
    "protein_id",
    "uniprot_id",
    "name",
];
/// Names of the column with which pandas numbers the rows.
const INDEX_NAMES: [&str; 3] = ["", "unnamed: 0", "index"];

/// The columns of a table.
pub(super) struct Columns {
    /// Total number of columns.
    pub count: usize,
    /// Whether the first row has the names of the columns.
    pub has_header: bool,
    /// The column with the names of the proteins.
    pub ids: Option<usize>,
    pub values: Values,
}

/// Where the numbers of a row are.
pub(super) enum Values {
    /// One number per column.
    Columns(Vec<usize>),
    /// One column has a list of numbers.
    List(usize),
}

impl Columns {
    /// Finds the columns from the first two rows; `None` if they have no numbers.
    pub fn find(
        sample: &[Vec<String>],
        separator: Separator,
        options: &OpenOptions<'_>,
    ) -> Result<Option<Self>, FormatError> {
        let Some(first) = sample.first() else {
            return Ok(None);
        };
        let second = sample.get(1);
        // word2vec writes the number of rows and columns first.
        let sizes = separator == Separator::Blanks
            && first.len() == 2
            && first.iter().all(|f| f.parse::<u32>().is_ok())
            && second.is_some_and(|second| second.len() > 2);
        let has_header = sizes || is_header(first, second.map(Vec::as_slice));
        let Some(row) = (if has_header { second } else { Some(first) }) else {
            return Ok(None);
        };
        let header = (has_header && !sizes && first.len() == row.len()).then_some(first);
        // R omits the name of the column of row names.
        let shifted = has_header && !sizes && first.len() + 1 == row.len();
        let name = |column: usize| match header {
            Some(header) => header[column].trim().to_lowercase(),
            None if shifted && column > 0 => first[column - 1].trim().to_lowercase(),
            None => String::new(),
        };
        // A missing number is a number for now: the reader of rows refuses it, with its line.
        let is_numeric = |field: &String| is_number(field) || is_missing(field);
        let numbers: Vec<usize> = (0..row.len()).filter(|&c| is_numeric(&row[c])).collect();
        let lists: Vec<usize> = (0..row.len()).filter(|&c| is_list(&row[c])).collect();
        let texts: Vec<usize> = (0..row.len())
            .filter(|c| !numbers.contains(c) && !lists.contains(c))
            .collect();
        if let Some(&column) = texts.iter().find(|&&c| has_decimal_comma(&row[c])) {
            return Err(FormatError::malformed(
                options.path,
                if has_header { 2 } else { 1 },
                format!("{:?} is a number with a decimal comma", row[column].trim()),
                "write decimal points",
            ));
        }
        let describe = || {
            let kinds = (0..row.len()).map(|column| {
                let kind = match (numbers.contains(&column), lists.contains(&column)) {
                    (true, _) => "number",
                    (_, true) => "list of numbers",
                    _ => "string",
                };
                format!("column {} {:?} ({kind})", column + 1, name(column))
            });
            super::super::arrays::shortened(kinds.collect())
        };
        let error = |problem: String, remedy| FormatError::Choice {
            path: options.path.to_owned(),
            problem,
            contents: describe(),
            remedy,
        };
        let is_index = |column: usize| {
            column == 0
                && header.is_some()
                && INDEX_NAMES.contains(&name(0).as_str())
                && row[0].parse::<u64>().is_ok()
        };
        let names = &options.embeddings.names;
        let ids = match (&names.ids, texts.as_slice()) {
            (Some(wanted), _) => {
                let found = (0..row.len()).find(|&c| name(c) == wanted.to_lowercase());
                Some(found.ok_or_else(|| {
                    error(
                        format!("there is no column named {wanted:?}"),
                        "name the column of accessions",
                    )
                })?)
            }
            (None, [only]) => Some(*only),
            (None, []) => numbers
                .first()
                .copied()
                .filter(|&c| c == 0 && ID_NAMES.contains(&name(c).as_str())),
            (None, _) if options.has_id_list => None,
            (None, _) => {
                return Err(error(
                    "several columns could be the names of the proteins".into(),
                    "name the column of accessions",
                ));
            }
        };
        let values = match (&names.matrix, lists.as_slice()) {
            (Some(wanted), _) => {
                let found = lists.iter().find(|&&c| name(c) == wanted.to_lowercase());
                Values::List(*found.ok_or_else(|| {
                    error(
                        format!("there is no column of lists named {wanted:?}"),
                        "name the column of embeddings",
                    )
                })?)
            }
            (None, [only]) => Values::List(*only),
            (None, []) => {
                let columns: Vec<usize> = numbers
                    .iter()
                    .copied()
                    .filter(|&c| Some(c) != ids && !(is_index(c)))
                    .collect();
                if columns.is_empty() {
                    return Ok(None);
                }
                let odd = header.and_then(|_| {
                    let names: Vec<String> = columns.iter().map(|&column| name(column)).collect();
                    odd_name(&names).map(|at| columns[at])
                });
                if let Some(column) = odd {
                    return Err(error(
                        format!(
                            "column {} {:?} is not numbered like the others, so it may not belong \
                             to the embedding",
                            column + 1,
                            name(column)
                        ),
                        "remove the columns that are not dimensions",
                    ));
                }
                Values::Columns(columns)
            }
            (None, _) => {
                return Err(error(
                    "several columns could be the embeddings".into(),
                    "name the one with the embeddings",
                ));
            }
        };
        Ok(Some(Self {
            count: row.len(),
            has_header,
            ids: if options.has_id_list { None } else { ids },
            values,
        }))
    }
}

/// Whether the first row names the columns: it has no number where the second has one, or it
/// numbers the columns, as pandas does.
fn is_header(first: &[String], second: Option<&[String]>) -> bool {
    let Some(second) = second else {
        return false;
    };
    let start = first[0].trim().to_lowercase();
    let numbered = |skipped: usize, from: u64| {
        let cells = first.iter().skip(skipped).enumerate();
        let named = INDEX_NAMES.contains(&start.as_str()) || ID_NAMES.contains(&start.as_str());
        // A vector of two numbers can be 1 and 2.
        first.len() > skipped + if named { 0 } else { 2 }
            && cells
                .into_iter()
                .all(|(at, cell)| cell.trim().parse::<u64>().ok() == Some(at as u64 + from))
    };
    // The names of the proteins can be the last column.
    let last = first.len() - 1;
    let ends_with_name = last > 2
        && ID_NAMES.contains(&first[last].trim().to_lowercase().as_str())
        && (0..last).all(|at| {
            let cell = first[at].trim().parse::<usize>();
            cell == Ok(at) || cell == Ok(at + 1)
        });
    if ends_with_name {
        return true;
    }
    if [0, 1, 2]
        .into_iter()
        .any(|skipped| numbered(skipped, 0) || numbered(skipped, 1))
    {
        return true;
    }
    let shift = second.len().saturating_sub(first.len());
    let mut numbers = (0..first.len()).filter(|&c| {
        second
            .get(c + shift)
            .is_some_and(|f| is_number(f) || is_list(f))
    });
    numbers.any(|c| !is_number(&first[c]) && !is_list(&first[c]))
}
