//! What to do with a file that was given in place of a frozen dataset.

use std::path::{Path, PathBuf};

use protea_cafa::formats::{self, Inspection, Reading};
use protea_core::dataset::MANIFEST;

use crate::output::display_path;

/// Says what kind of file this is and how to make a frozen dataset of it.
pub(super) fn freeze_first(path: &Path) -> String {
    if path.file_name().is_some_and(|name| name == MANIFEST) {
        let directory = path.parent().unwrap_or(Path::new(""));
        return format!("give the dataset's directory, {}", display_path(directory));
    }
    let Ok(found) = formats::inspect(path, &std::env::temp_dir()) else {
        return format!(
            "`protea dataset inspect {}` shows what it is",
            display_path(path)
        );
    };
    let kind = &found.kind;
    match arguments(&found) {
        Some(arguments) => {
            let out = vacant(path);
            let vectors = if arguments.contains(" --embeddings") {
                ""
            } else {
                "; if the runner needs embeddings, add --embeddings FILE or --features kmer"
            };
            format!(
                "it holds {kind}; freeze it first: `protea dataset freeze {} --name {} {arguments}`{vectors}",
                display_path(&out),
                out.file_name().unwrap_or_default().to_string_lossy(),
            )
        }
        None => format!(
            "it holds {kind}; give the directory that `protea dataset freeze` or `protea dataset \
             split` made"
        ),
    }
}

/// The options of `protea dataset freeze` that read the file, and those that it needs besides.
fn arguments(found: &Inspection) -> Option<String> {
    let path = display_path(&found.path);
    let [mut ontology, mut fasta, mut annotations] = ["GO.obo", "SEQUENCES.fasta", "TERMS.tsv"];
    let mut embeddings = String::new();
    match found.reading? {
        Reading::Ontology => ontology = &path,
        Reading::Fasta => fasta = &path,
        Reading::Annotations | Reading::DatabaseAnnotations => annotations = &path,
        Reading::Embeddings => embeddings = format!(" --embeddings {path}"),
        Reading::EmbeddingsWithIds => embeddings = format!(" --embeddings {path} --ids IDS.txt"),
        Reading::EmbeddingsPooled => embeddings = format!(" --embeddings {path} --pool mean"),
        Reading::EmbeddingsByName => {
            embeddings = format!(" --embeddings {path} --embeddings-key NAME");
        }
        _ => return None,
    }
    Some(format!(
        "--ontology {ontology} --fasta {fasta} --annotations {annotations}{embeddings}"
    ))
}

/// A directory beside the file, named after it, that does not exist yet.
fn vacant(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').find(|part| !part.is_empty());
    let plain = path.with_file_name(stem.unwrap_or("dataset"));
    if plain.exists() {
        return path.with_file_name(format!("{}-frozen", stem.unwrap_or("dataset")));
    }
    plain
}
