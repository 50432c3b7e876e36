//! Slurm: a script of a shell that calls `sbatch`.

use protea_contracts::content::digest_bytes;

use super::{
    super::quoting::{comment, shell},
    ExportError, Source,
    template::fill,
    text,
};

pub(super) fn script(source: &Source<'_>) -> Result<String, ExportError> {
    // The path too: the same plan can be in two directories.
    let place = digest_bytes(source.path.as_bytes()).to_string();
    let name = format!("{}-{}", source.name(), &place[..8]);
    // Slurm replaces what follows a `%`.
    let logs = text(&source.plan.logs())?.replace('%', "%%");
    let log = format!("{logs}/sbatch-%A_%a.log");
    let gather_log = format!("{logs}/sbatch-gather-%j.log");
    let mut options = String::new();
    let mut unknown = Vec::new();
    match source.seconds() {
        Some(seconds) => {
            options.push_str(&format!(" --time={}", seconds.div_ceil(60).max(1)));
        }
        None => unknown.push("time"),
    }
    match source.megabytes() {
        Some(megabytes) => options.push_str(&format!(" --mem={megabytes}M")),
        None => unknown.push("memory"),
    }
    options.push_str(&format!(" --cpus-per-task={}", source.threads));
    let unknown = match unknown.as_slice() {
        [] => String::new(),
        unknown => format!(", and the {} of a task", unknown.join(" and ")),
    };
    Ok(fill(
        include_str!("templates/sbatch.sh"),
        &[
            ("about", &comment("#", &source.about())),
            ("unknown", &unknown),
            ("program", &shell(&source.program)),
            ("plan", &shell(&source.path)),
            ("log", &shell(&log)),
            ("gather_log", &shell(&gather_log)),
            ("name", &shell(&name)),
            ("per_index", &source.per_index.to_string()),
            ("options", &options),
        ],
    ))
}
