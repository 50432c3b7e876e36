//! Writes the time into its export.

use std::{fs, time::SystemTime};

use protea_contracts::{Attribute, ExportedFile, RunnerError, content, request::file_uri};
use protea_zoo::animal;

animal! {
    "dated-export",
    "exports the time of day",
    export |request, mut sound| {
        let directory = request.output_uri.to_file_path();
        let directory = directory.map_err(|()| RunnerError::failed("the output is no file"))?;
        let path = directory.join("date.txt");
        fs::write(&path, format!("{:?}", SystemTime::now())).or_failed("writing the date")?;
        let (sha256, bytes) = content::digest_file(&path).or_failed("reading the date")?;
        sound.files.push(ExportedFile {
            role: "date".to_owned(),
            uri: file_uri(&path)?,
            sha256,
            bytes,
        });
        Ok(sound)
    }
}
