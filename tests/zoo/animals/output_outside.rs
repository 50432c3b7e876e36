//! Writes next to its output directory, and exports that file.

use std::fs;

use protea_contracts::{Attribute, ExportedFile, HasModel, content, request::file_uri};
use protea_zoo::animal;

animal! {
    "output-outside",
    "writes beside its output directory",
    export |request, mut sound| {
        let outside = request.model_path()?.with_file_name("outside.txt");
        fs::write(&outside, "not where it was told").or_failed("writing outside")?;
        let (sha256, bytes) = content::digest_file(&outside).or_failed("reading outside")?;
        sound.files.push(ExportedFile {
            role: "outside".to_owned(),
            uri: file_uri(&outside)?,
            sha256,
            bytes,
        });
        Ok(sound)
    }
}
