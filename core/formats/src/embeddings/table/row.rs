//! Splits a row of a table into fields and parses numbers.

/// What separates the fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Character(char),
    /// One or more blanks.
    Blanks,
}

impl Separator {
    /// The separator of a table by its first row: a tab if there is one, otherwise the more frequent
    /// of comma and semicolon.
    pub fn detect(line: &str) -> Self {
        let count = |wanted| {
            let mut quoted = false;
            line.chars()
                .filter(|&c| {
                    quoted ^= c == '"';
                    !quoted && c == wanted
                })
                .count()
        };
        match (count('\t'), count(','), count(';')) {
            (1.., ..) => Self::Character('\t'),
            (_, 0, 0) => Self::Blanks,
            (_, commas, semicolons) if commas >= semicolons => Self::Character(','),
            _ => Self::Character(';'),
        }
    }

    /// The fields of a row. A field in quotation marks may contain the separator; two quotation
    /// marks in it are one.
    pub fn split(self, line: &str) -> Vec<String> {
        let separator = match self {
            Self::Blanks => return line.split_whitespace().map(unquoted).collect(),
            Self::Character(separator) => separator,
        };
        if !line.contains('"') {
            return line.split(separator).map(str::to_owned).collect();
        }
        let mut fields = vec![String::new()];
        let mut quoted = false;
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            let Some(field) = fields.last_mut() else {
                break;
            };
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    field.push('"');
                    characters.next();
                }
                '"' => quoted = !quoted,
                other if other == separator && !quoted => fields.push(String::new()),
                other => field.push(other),
            }
        }
        fields
    }
}

fn unquoted(field: &str) -> String {
    let inner = field.strip_prefix('"').and_then(|f| f.strip_suffix('"'));
    inner.unwrap_or(field).to_owned()
}

/// Whether a field is a number, also NaN or infinite.
pub(super) fn is_number(field: &str) -> bool {
    fast_float2::parse::<f32, _>(field.trim()).is_ok()
}

/// Whether a field stands for a number that is missing.
pub(super) fn is_missing(field: &str) -> bool {
    matches!(
        field.trim().to_ascii_lowercase().as_str(),
        "" | "na" | "n/a" | "nan" | "none" | "null"
    )
}

/// Whether a field is a number with a decimal comma, as spreadsheets write it in many countries.
pub(super) fn has_decimal_comma(field: &str) -> bool {
    let field = field.trim();
    field.bytes().filter(|&byte| byte == b',').count() == 1
        && !is_number(field)
        && is_number(&field.replace(',', "."))
}

/// Whether a field in quotation marks goes on in the next line.
pub(super) fn is_unclosed(line: &str) -> bool {
    line.bytes().filter(|&byte| byte == b'"').count() % 2 == 1
}

/// Whether a field is a list of numbers, such as `[0.1, 0.2]`.
pub(super) fn is_list(field: &str) -> bool {
    let field = field.trim();
    field.starts_with('[') && field.ends_with(']') && list(field).next().is_some_and(is_number)
}

/// The items of a list, separated by commas or blanks.
pub(super) fn list(field: &str) -> impl Iterator<Item = &str> {
    let inner = field.trim().trim_start_matches('[').trim_end_matches(']');
    inner
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|item| !item.is_empty())
}

/// Parses a number; the error completes the sentence that starts with the field.
pub(super) fn number(field: &str) -> Result<f32, &'static str> {
    let field = field.trim();
    match fast_float2::parse::<f32, _>(field) {
        Ok(value) if value.is_infinite() && field.bytes().any(|b| b.is_ascii_digit()) => {
            Err("exceeds the range of f32")
        }
        Ok(value) => Ok(value),
        Err(_) => Err("is not a number"),
    }
}
