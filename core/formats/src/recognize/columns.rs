//! Recognises tables by their columns.

use protea_ontology::{
    Aspect, Reading,
    score_columns::{Header, ScoreColumns, is_remark, named_columns},
    spelling,
};

use super::{Content, ROWS, Recognized, Separator, taxonomy};
use crate::{
    accession,
    annotations::{is_named_table, names_terms_of_uniprot},
    taxonomy::names_taxa,
};

/// Sets what a text is that no beginning of a line gives away.
pub(super) fn recognize(lines: &[&str], recognized: &mut Recognized) {
    let is_comment = |line: &&&str| line.starts_with('#') || line.starts_with('!');
    // The lines about the team in a submission to CAFA.
    let is_about_team = |line: &str| {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        // A row with `Text` has words about a protein in place of a term.
        is_remark(first.as_bytes()) || words.next() == Some("Text")
    };
    let has_rows = lines.iter().any(|line| !is_about_team(line));
    let first_comment = lines
        .iter()
        .find(is_comment)
        .map(|line| line.trim_start_matches('#'));
    let rows: Vec<&str> = lines
        .iter()
        .filter(|line| !(is_comment(line) || has_rows && is_about_team(line)))
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
            .any(|field| names_terms_of_uniprot(field))
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
    if names_taxa(first.as_bytes()) {
        recognized.content = Content::Taxa;
        return;
    }
    if first_fields.len() > 2 && first_fields[1..].iter().all(|field| is_term(field)) {
        recognized.content = Content::TermColumns;
        return;
    }
    let is_predictions = names_predictions(lines, &rows);
    let mut table: Vec<Vec<String>> = rows.iter().map(|row| fields(row)).collect();
    let content = form(&table[table.len().min(1)..]);
    if table.len() > 1 && is_heading(&table[0], &table[1]) {
        recognized.header = Some(table.remove(0));
    }
    recognized.content = match content {
        _ if is_predictions => Content::Predictions,
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

/// Whether a header names a column of accessions, one of terms and one of scores, and the rows have
/// terms and scores there. Terms may be numbers, as PANNZER writes them.
fn names_predictions(lines: &[&str], rows: &[&str]) -> bool {
    let header = Header::of_start(lines.join("\n").as_bytes(), Reading::Specification);
    if !header.is_complete {
        return false;
    }
    let places = match header.columns {
        ScoreColumns::Named(places) => places,
        _ => [0, 1, 2],
    };
    let fits = |row: &&&str| -> bool {
        let [_, term, score] = named_columns(row.as_bytes(), places)
            .map(|field| std::str::from_utf8(field).unwrap_or_default());
        (spelling::canonical(term).is_some() || spelling::padded(term).is_some())
            && is_number(score)
    };
    // One of the rows is the header, unless it is a comment.
    let count = rows.iter().filter(fits).count();
    count > 0 && count * 10 >= rows.len().saturating_sub(1) * 9
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

/// Whether a field is the number of a term of GO, with its leading zeros.
fn is_padded(field: &str) -> bool {
    field.starts_with('0') && spelling::canonical(field).is_some()
}

/// Whether a field is a taxon. pandas writes `9606.0` if some rows have none.
fn is_taxon(field: &str) -> bool {
    let number = field.strip_prefix("taxon:").unwrap_or(field);
    accession::parse_taxon(number.strip_suffix(".0").unwrap_or(number)).is_some()
}

/// Whether a word can be an accession in one of the usual databases.
fn is_accession(word: &str) -> bool {
    let usual = |c: char| c.is_alphanumeric() || "_-.:|/#*~@+".contains(c);
    accession::from_word(word).is_some()
        && word.chars().all(usual)
        && word.starts_with(char::is_alphanumeric)
}

/// Whether a field can be the name of a protein or of a cluster: not a term, a list or a sequence.
fn is_name(field: &str) -> bool {
    let is_sequence = field.len() >= 30 && field.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_list = field.contains(';') || field.contains(',');
    !field.is_empty() && !is_sequence && !is_list && !is_term(field)
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
            row.len() == 2 && (is_term(&row[0]) || is_padded(&row[0])) && is_number(&row[1])
        }),
        (Content::Taxa, &|row| {
            row.len() == 2 && !is_number(&row[0]) && is_taxon(&row[1])
        }),
        (Content::Lineages, &taxonomy::is_parent_row),
        (Content::Terms, &|row| row.len() == 1 && is_term(&row[0])),
        (Content::Vectors, &|row| {
            row.len() > 2 && row[1..].iter().all(|field| is_number(field))
        }),
        (Content::Accessions, &|row| {
            row.len() == 1 && is_accession(&row[0])
        }),
        (Content::Pairs, &|row| {
            row.len() == 2 && row.iter().all(|field| is_name(field))
        }),
        (Content::Table, &|row| row.len() > 1),
    ];
    tests
        .into_iter()
        .find(|(_, test)| most(test))
        .map(|(content, _)| content)
}
