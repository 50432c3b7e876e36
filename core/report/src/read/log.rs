//! The end of a run's log.

use std::{
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use protea_core::workspace::RUN_LOG;
use protea_files::Links;

/// How much of a log is read.
const BYTES: u64 = 128 << 10;

/// The last lines of a run's log, and whether there are more before. `None` without a log.
pub fn log_end(run: &Path, lines: usize) -> Option<(String, bool)> {
    let mut file = protea_files::open(&run.join(RUN_LOG), Links::Refuse).ok()?;
    let length = file.metadata().ok()?.len();
    let start = length.saturating_sub(BYTES);
    file.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    file.take(BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    // The first line may be cut.
    let whole = if start > 0 {
        all.get(1..).unwrap_or_default()
    } else {
        &all
    };
    let last = &whole[whole.len().saturating_sub(lines)..];
    Some((last.join("\n"), start > 0 || last.len() < whole.len()))
}
