//! Checks tables of information accretion.

use std::path::Path;

use super::{FormatError, error::excerpt, lines::Lines};

/// Checks a table of information accretion and returns its number of terms. Each line is a term and
/// a finite number. Headers are rejected, because the CAFA evaluator does not accept them; blank
/// lines are ignored.
///
/// # Errors
///
/// [`FormatError::Malformed`] for an invalid line, [`FormatError::Empty`] for an empty file,
/// [`FormatError::Read`] if reading fails.
pub fn check_information_accretion(path: &Path) -> Result<u64, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut rows = 0;
    while lines.advance()? {
        if lines.line().trim_ascii().is_empty() {
            continue;
        }
        rows += 1;
        let mut words = lines.text()?.split_whitespace();
        let row = (words.next(), words.next(), words.next());
        let finite = match row {
            (Some(_), Some(number), None) => {
                fast_float2::parse::<f64, _>(number).is_ok_and(f64::is_finite)
            }
            _ => false,
        };
        if !finite {
            return Err(lines.malformed(
                format!(
                    "{} is not a term and a finite number",
                    excerpt(lines.line())
                ),
                "give two columns, such as 'GO:0008150<tab>0.0', without a header",
            ));
        }
    }
    if rows == 0 {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of term and information accretion",
        });
    }
    Ok(rows)
}
