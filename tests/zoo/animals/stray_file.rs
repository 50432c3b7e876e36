//! Writes next to its output directory, and does not report it.

use std::fs;

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "stray-file",
    "writes beside its output directory in secret",
    fit |request, _| {
        let outside = request.output_dir()?.with_file_name("stray.txt");
        fs::write(outside, "not where it was told").or_failed("writing outside")
    }
}
