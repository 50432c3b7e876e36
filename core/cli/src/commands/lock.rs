//! `protea runners lock`.

use protea_core::catalog::Lock;
use serde_json::json;

use super::run_setup::catalog;
use crate::{
    args::PinArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, display_path},
};

/// Pins every usable runner on the search path.
pub fn lock(args: &PinArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let catalog = catalog(&args.runners);
    let entries = catalog.runners()?;
    for (path, reason) in catalog.unusable() {
        reporter.warn(&format!("{} is not pinned: {reason}", display_path(&path)));
    }
    if entries.is_empty() {
        return Err(Failure::new(
            Exit::Runner,
            "no runner found to pin; give a directory with --runner-dir or PROTEA_RUNNER_PATH",
        ));
    }
    let lock = Lock::pinning(&args.lock_file, &entries);
    lock.write()?;
    let mut table = Table::new(0..0, ["pinned", "version", "SHA-256", "file"]);
    for entry in &entries {
        let descriptor = &entry.descriptor;
        table.row([
            descriptor.name.as_str(),
            &descriptor.version,
            &entry.sha256.to_string(),
            &display_path(&entry.path),
        ]);
    }
    Ok(Report {
        text: format!("{table}\nwritten to {}\n", display_path(lock.path())),
        json: json!({ "lock_file": lock.path().to_string_lossy(), "runners": lock.runners() }),
    })
}
