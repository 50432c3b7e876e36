//! HyperQueue: a script of Python, since HyperQueue's programs are not needed for it.

use super::{
    super::quoting::{comment, python},
    Source,
    template::fill,
};

pub(super) fn script(source: &Source<'_>) -> String {
    let seconds = source.resources.seconds;
    fill(
        include_str!("templates/hq_plan.py"),
        &[
            ("about", &comment("#", &source.about())),
            ("program", &python(&source.program)),
            ("plan", &python(&source.path)),
            ("name", &python(&source.name())),
            ("threads", &source.threads.to_string()),
            (
                "seconds",
                &seconds.map_or_else(|| "None".to_owned(), |seconds| seconds.to_string()),
            ),
            ("per_index", &source.per_index.to_string()),
        ],
    )
}
