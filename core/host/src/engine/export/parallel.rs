//! GNU parallel: a script of a shell.

use super::{
    super::quoting::{comment, shell},
    Source,
    template::fill,
};

pub(super) fn script(source: &Source<'_>) -> String {
    fill(
        include_str!("templates/parallel.sh"),
        &[
            ("about", &comment("#", &source.about())),
            ("program", &shell(&source.program)),
            ("plan", &shell(&source.path)),
            ("threads", &source.threads.to_string()),
            ("per_index", &source.per_index.to_string()),
        ],
    )
}
