//! Whether the proteins are given with the option for their kind: a FASTA file or a frozen dataset.

use std::path::Path;

use protea_cafa::formats::{self, Reading};
use protea_core::dataset::MANIFEST;

use crate::{args::PredictArgs, exit::Exit, failure::Failure, output::display_path};

/// Fails if a FASTA file is given as a dataset, or a dataset as a FASTA file.
pub(super) fn check_kind(args: &PredictArgs) -> Result<(), Failure> {
    let usage = |path: &Path, what: &str| {
        let message = format!("{} is {what}", display_path(path));
        Err(Failure::new(Exit::Input, message))
    };
    match (args.dataset.as_deref().map(Path::new), &args.fasta) {
        (Some(path), _) if path.is_file() => {
            let found = formats::inspect(path, &std::env::temp_dir()).ok();
            match found.and_then(|found| found.reading) {
                Some(Reading::Fasta) => usage(
                    path,
                    "a FASTA file, not a frozen dataset; give it with --fasta",
                ),
                _ => Ok(()),
            }
        }
        (None, Some(path)) if path.join(MANIFEST).is_file() => usage(
            path,
            "a frozen dataset, not a FASTA file; give it with --dataset",
        ),
        _ => Ok(()),
    }
}
