//! Changes its training dataset.

use std::{fs::OpenOptions, io::Write};

use protea_contracts::{Attribute, HasDataset};
use protea_zoo::animal;

animal! {
    "changed-dataset",
    "changes the dataset that it learns from",
    fit |request, _| {
        for entry in request.dataset_dir()?.read_dir().or_dataset("listing it")? {
            let path = entry.or_dataset("listing it")?.path();
            if path.file_name().is_some_and(|name| name != "dataset.json") {
                let mut file = OpenOptions::new()
                    .append(true)
                    .open(path)
                    .or_dataset("opening it")?;
                return file.write_all(b"\nforged\n").or_dataset("changing it");
            }
        }
        Ok(())
    }
}
