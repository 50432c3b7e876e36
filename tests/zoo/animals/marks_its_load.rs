//! Writes the file that `PROTEA_ZOO_MARK` names when it is loaded: the proof that a library was.

fn mark() {
    if let Some(path) = std::env::var_os("PROTEA_ZOO_MARK") {
        // Whoever wants to see the mark will notice that it is not there.
        let _ = std::fs::write(path, "loaded");
    }
}

protea_zoo::animal! { "marks-its-load", "leaves a mark where it is loaded" }
protea_zoo::at_load!(mark);
