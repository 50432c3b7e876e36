//! Recognises tables by their columns.

use protea_ontology::{Aspect, spelling};

use super::{Content, ROWS, Recognized, Separator, taxonomy};
use crate::{accession, annotations::is_named_table};

/// Sets what a text is that no beginning of a line gives away.
pub(super) fn recognize(lines: &[&str], recognized: &mut Recognized) {
    let is_comment = |line: &&&str| line.starts_with('#') || line.starts_with('!');
    let first_comment = lines
        .iter()
        .find(is_comment)
        .map(|line| line.trim_start_matches('#'));
    let rows: Vec<&str> = lines
        .iter()
        .filter(|line| !is_comment(line))
        .take(ROWS)
        .copied()
        .collect();
    let Some(&first) = rows.first().or(first_comment.as_ref()) else {
        recognized.content = Content::Empty;
        return;
    };
    let separator = separator(first, &rows);
    let fields = |line: &str| split(line, separator);
    let known = |names: &[&str], fields: &[String]| {
        names.iter().all(|name| {
            fields
                .iter()
                .any(|field| field.trim().eq_ignore_ascii_case(name))
        })
    };
    let heading = first_comment.map(&fields).unwrap_or_default();
    let first_fields = fields(first);
    recognized.separator = Some(separator);
    if known(&["GeneID", "GO_ID"], &heading) || known(&["GeneID", "GO_ID"], &first_fields) {
        recognized.content = Content::Gene2Go;
        return;
    }
    if known(&["GENE PRODUCT ID", "GO TERM"], &first_fields) {
        recognized.content = Content::QuickGo;
        return;
    }
    if first_fields.len() > 1
        && first_fields[0].eq_ignore_ascii_case("Entry")
        && first_fields
            .iter()
            .any(|field| field.starts_with("Gene Ontology"))
    {
        recognized.content = Content::UniProtTable;
        return;
    }
    let comment = lines.iter().find(|line| {
        line.starts_with('#') && is_named_table(line.trim_start_matches('#').as_bytes())
    });
    if comment.is_some() || is_named_table(first.as_bytes()) {
        recognized.content = Content::AnnotationTable;
        return;
    }
    let mut table: Vec<Vec<String>> = rows.iter().map(|row| fields(row)).collect();
    let content = form(&table[table.len().min(1)..]);
    if table.len() > 1 && is_heading(&table[0], &table[1]) {
        recognized.header = Some(table.remove(0));
    }
    recognized.content = match content {
        Some(content) => content,
        None => form(&table).unwrap_or(Content::Text),
    };
    if matches!(
        recognized.content,
        Content::Text | Content::Accessions | Content::Terms
    ) {
        recognized.separator = None;
    }
}

/// The separator that cuts every row into the same number of columns, tabs before others.
fn separator(first: &str, rows: &[&str]) -> Separator {
    let even = |separator: Separator| {
        let columns = split(first, separator).len();
        columns > 1
            && rows
                .iter()
                .all(|row| split(row, separator).len() == columns)
    };
    if rows.iter().any(|row| row.contains('\t')) || first.contains('\t') {
        Separator::Tab
    } else if even(Separator::Comma) {
        Separator::Comma
    } else if even(Separator::Semicolon) {
        Separator::Semicolon
    } else {
        Separator::Blank
    }
}

/// Splits a row. Fields in quotes may contain the separator.
fn split(line: &str, separator: Separator) -> Vec<String> {
    let by = match separator {
        Separator::Tab => return line.split('\t').map(unquoted).collect(),
        Separator::Blank => return line.split_whitespace().map(str::to_owned).collect(),
        Separator::Comma => ',',
        Separator::Semicolon => ';',
    };
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            _ if letter == by && !quoted => fields.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    fields.push(field);
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

fn unquoted(field: &str) -> String {
    let field = field.trim();
    let inner = field
        .strip_prefix('"')
        .and_then(|field| field.strip_suffix('"'));
    inner.unwrap_or(field).to_owned()
}

/// Whether the first row names the columns: none of its fields is a term or a number, while the
/// second row has one, or its names are usual ones.
fn is_heading(first: &[String], second: &[String]) -> bool {
    const USUAL: [&str; 14] = [
        "entryid",
        "entry",
        "entry_id",
        "target",
        "target_id",
        "protein",
        "protein_id",
        "accession",
        "id",
        "term",
        "term_id",
        "go_id",
        "go term",
        "representative",
    ];
    let value = |field: &String| is_term(field) || is_number(field);
    if first
        .iter()
        .any(|field| is_term(field) || (is_number(field) && !field.is_empty()))
    {
        return false;
    }
    second.iter().any(value)
        || first
            .iter()
            .any(|field| USUAL.contains(&field.to_ascii_lowercase().as_str()))
}

fn is_term(field: &str) -> bool {
    spelling::canonical(field).is_some() && !field.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a field is a term, or a list of terms as goatools and topGO write them.
fn is_terms(field: &str) -> bool {
    let mut words = field
        .split(|c: char| matches!(c, ';' | ',' | '|') || c.is_whitespace())
        .filter(|word| !word.is_empty());
    words.clone().next().is_some() && words.all(is_term)
}

fn is_number(field: &str) -> bool {
    fast_float2::parse::<f64, _>(field).is_ok()
}

/// What rows without a header are: what most of them look like.
fn form(rows: &[Vec<String>]) -> Option<Content> {
    let most = |test: &dyn Fn(&[String]) -> bool| {
        let count = rows.iter().filter(|row| test(row)).count();
        count > 0 && count * 10 >= rows.len() * 9
    };
    let columns = |row: &[String], numbers: &[usize]| numbers.contains(&row.len());
    let aspect = |field: &String| field.parse::<Aspect>().is_ok();
    type Test<'t> = &'t dyn Fn(&[String]) -> bool;
    let tests: [(Content, Test<'_>); 13] = [
        (Content::Gaf, &|row| {
            row.len() >= 15 && is_term(&row[4]) && row[12].to_ascii_lowercase().contains("taxon:")
        }),
        (Content::GpadTwo, &|row| {
            columns(row, &[10, 11, 12]) && row[5].starts_with("ECO:") && row[0].contains(':')
        }),
        (Content::GpadOne, &|row| {
            columns(row, &[10, 11, 12]) && row[5].starts_with("ECO:")
        }),
        (Content::Predictions, &|row| {
            row.len() >= 3 && is_term(&row[1]) && is_number(&row[2])
        }),
        (Content::Annotations, &|row| {
            columns(row, &[2, 3])
                && is_terms(&row[1])
                && row
                    .get(2)
                    .is_none_or(|field| field.is_empty() || aspect(field))
        }),
        (Content::InformationAccretion, &|row| {
            row.len() == 2 && is_term(&row[0]) && is_number(&row[1])
        }),
        (Content::Taxa, &|row| {
            row.len() == 2 && !is_number(&row[0]) && accession::parse_taxon(&row[1]).is_some()
        }),
        (Content::Lineages, &taxonomy::is_parent_row),
        (Content::Terms, &|row| row.len() == 1 && is_term(&row[0])),
        (Content::Vectors, &|row| {
            row.len() > 2 && row[1..].iter().all(|field| is_number(field))
        }),
        (Content::Accessions, &|row| {
            row.len() == 1 && accession::from_word(&row[0]).is_some()
        }),
        (Content::Pairs, &|row| {
            row.len() == 2 && row.iter().all(|field| !field.is_empty())
        }),
        (Content::Table, &|row| row.len() > 2),
    ];
    tests
        .into_iter()
        .find(|(_, test)| most(test))
        .map(|(content, _)| content)
}
