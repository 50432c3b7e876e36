//! Changes the current directory of its process.

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "changed-directory",
    "changes the current directory",
    fit |request, _| {
        std::env::set_current_dir(request.output_dir()?).or_failed("changing the directory")
    }
}
