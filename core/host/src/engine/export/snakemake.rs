//! Snakemake: a Snakefile.

use super::{
    super::quoting::{comment, python},
    Source,
    template::fill,
};

pub(super) fn snakefile(source: &Source<'_>) -> String {
    let mut resources = Vec::new();
    if let Some(seconds) = source.seconds() {
        resources.push(format!("runtime={}", seconds.div_ceil(60).max(1)));
    }
    if let Some(megabytes) = source.megabytes() {
        resources.push(format!("mem_mb={megabytes}"));
    }
    let lines = resources
        .iter()
        .map(|resource| format!("        {resource},\n"));
    let resources = match resources.is_empty() {
        true => String::new(),
        false => format!("    resources:\n{}", lines.collect::<String>()),
    };
    fill(
        include_str!("templates/Snakefile"),
        &[
            ("about", &comment("#", &source.about())),
            ("program", &python(&source.program)),
            ("plan", &python(&source.path)),
            ("threads", &source.threads.to_string()),
            ("per_index", &source.per_index.to_string()),
            ("resources", &resources),
        ],
    )
}
