//! Leaves a file open with every fit.

use std::fs::File;

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "file-leak",
    "leaves files open",
    fit |_, _| {
        std::mem::forget(File::open("/dev/null").or_failed("opening a file")?);
        Ok(())
    }
}
