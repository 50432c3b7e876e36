//! Writes 10 GB into its output directory.

use std::{fs::File, io::Write};

use protea_contracts::Attribute;
use protea_zoo::animal;

const CHUNK: usize = 1 << 20;

animal! {
    "output-flood",
    "writes 10 GB",
    fit |request, _| {
        for number in 0..10 {
            let path = request.output_dir()?.join(format!("flood-{number}"));
            let mut file = File::create(path).or_failed("flooding")?;
            for _ in 0..1024 {
                file.write_all(&[0; CHUNK]).or_failed("flooding")?;
            }
        }
        Ok(())
    }
}
