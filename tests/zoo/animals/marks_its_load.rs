//! Writes the file that `PROTEA_ZOO_MARK` names when it is loaded.

fn mark() {
    if let Some(path) = std::env::var_os("PROTEA_ZOO_MARK") {
        // The test that looks for the file reports if it is missing.
        let _ = std::fs::write(path, "loaded");
    }
}

protea_zoo::animal! { "marks-its-load", "leaves a mark where it is loaded" }
protea_zoo::at_load!(mark);
