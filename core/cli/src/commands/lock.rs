//! `protea runners lock`.

use protea_core::catalog::Lock;
use serde_json::json;

use super::session::catalog;
use crate::{
    args::PinArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, shown},
};

/// Pins every runner that can be used.
pub fn lock(args: &PinArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let catalog = catalog(&args.runners);
    let entries = catalog.runners()?;
    for (path, reason) in catalog.unusable() {
        reporter.warn(&format!("{} is not pinned: {reason}", shown(&path)));
    }
    if entries.is_empty() {
        return Err(Failure::new(
            Exit::Runner,
            "there is no runner to pin; give a directory with --runner-dir or PROTEA_RUNNER_PATH",
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
            &entry.sha256,
            &shown(&entry.path),
        ]);
    }
    Ok(Report {
        text: format!("{table}\nwritten to {}\n", shown(lock.path())),
        json: json!({ "lock_file": lock.path().to_string_lossy(), "runners": lock.runners() }),
    })
}
