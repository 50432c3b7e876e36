//! Makes more directories inside each other in its output than a host looks through.

use std::{env, fs};

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "deep-output",
    "makes hundreds of directories inside each other",
    fit |request, _| {
        env::set_current_dir(request.output_dir()?).or_failed("changing the directory")?;
        for _ in 0..200 {
            fs::create_dir("d").or_failed("making a directory")?;
            env::set_current_dir("d").or_failed("changing the directory")?;
        }
        Ok(())
    }
}
