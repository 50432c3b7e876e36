//! Opens files until the limit is reached, and keeps them open.

use std::fs::File;

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "file-hoard",
    "opens files until there are no more",
    fit |_, _| loop {
        let file = File::open("/dev/null").or_failed("hoarding files")?;
        std::mem::forget(file);
    }
}
