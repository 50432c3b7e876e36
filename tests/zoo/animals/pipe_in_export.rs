//! Exports a named pipe, which would block whoever opens it.

use std::process::Command;

use protea_contracts::{Attribute, ExportedFile, RunnerError, content, request::file_uri};
use protea_zoo::animal;

animal! {
    "pipe-in-export",
    "exports a named pipe",
    export |_, mut sound| {
        let model = sound.files[0].uri.to_file_path();
        let model = model.map_err(|()| RunnerError::failed("the export is not on this machine"))?;
        let pipe = model.with_file_name("pipe");
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
