//! Lists its exported files with wrong hashes.

use protea_zoo::animal;

animal! {
    "false-hash",
    "exports files under false hashes",
    export |_, mut sound| {
        for file in &mut sound.files {
            file.sha256 = [0; 32].into();
        }
        Ok(sound)
    }
}
