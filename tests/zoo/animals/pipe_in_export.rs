//! Exports a named pipe, which would block whoever opens it.

use std::process::Command;

use protea_contracts::{Attribute, ExportedFile, content, request::file_uri};
use protea_zoo::animal;

animal! {
    "pipe-in-export",
    "exports a named pipe",
    export |request, mut sound| {
        let pipe = request.output_dir()?.join("pipe");
        Command::new("mkfifo").arg(&pipe).status().or_failed("making a pipe")?;
        sound.files.push(ExportedFile {
            role: "pipe".to_owned(),
            uri: file_uri(&pipe)?,
            sha256: content::digest_bytes(b""),
            bytes: 0,
        });
        Ok(sound)
    }
}
