//! Leaves a symbolic link to a file outside among the files of its model.

use std::os::unix::fs::symlink;

use protea_contracts::Attribute;
use protea_zoo::animal;

animal! {
    "link-in-model",
    "plants a link in its model",
    fit |request, _| {
        let link = request.output_dir()?.join("notes");
        symlink("/etc/hostname", link).or_failed("making a link")
    }
}
