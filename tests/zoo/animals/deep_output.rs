//! Makes more directories inside each other in its output than a path can name.

use std::{env, fs};

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "deep-output",
    "makes thousands of directories inside each other",
    fit |request, _| {
        env::set_current_dir(request.output_dir()?).or_failed("changing the directory")?;
        for _ in 0..2100 {
            fs::create_dir("d").or_failed("making a directory")?;
            env::set_current_dir("d").or_failed("changing the directory")?;
        }
        Ok(())
    }
}
