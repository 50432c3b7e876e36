//! The tasks of a prediction: some of the queries, and all references of the model or a part of them.

use std::{
    io,
    ops::Range,
    path::{Component, Path, PathBuf},
};

use protea_contracts::{
    FileDigest, PredictionCounts, ReferenceShard, Sha256,
    content::{digest_bytes, digest_reader},
};
use protea_files::{DigestCache, Directory, FilesError, Limits, Links, Never};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::{dataset::TaskDataset, error::EngineError, json_files::RESULT};
use crate::{dataset, file_comparison::same, store};

/// What a plan of a prediction is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPrediction {
    /// The model.
    pub model: Url,
    /// How a command names the model so that it is the same later: the id of a run, or an absolute path.
    /// Empty in plans of versions before this field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model_name: String,
    /// Its [identity](model_identity).
    pub model_sha256: Sha256,
    /// All queries.
    pub queries: TaskDataset,
    /// How many parts the queries are split into.
    pub query_shards: usize,
    /// How many parts the references are split into; 1 if they are not split.
    pub reference_shards: usize,
}

/// What a task of a prediction does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionPart {
    /// The model.
    pub model: Url,
    /// Its [identity](model_identity).
    pub model_sha256: Sha256,
    /// The queries of the task.
    pub queries: TaskDataset,
    /// The identity of all queries.
    pub all_queries: Sha256,
    /// Which of all queries the task has.
    pub rows: Range<usize>,
    /// The part of the references to search; `None` predicts from all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<ReferenceShard>,
    /// As in a request to predict.
    #[serde(default)]
    pub limit: usize,
    /// As in a request to predict.
    #[serde(default)]
    pub minimum_score: f64,
    /// As in a request to predict.
    #[serde(default)]
    pub evidence: usize,
}

impl PredictionPart {
    /// What the result depends on.
    pub(super) fn content(&self) -> Value {
        let mut content = json!({
            "model": self.model_sha256,
            "queries": self.all_queries,
            "rows": [self.rows.start, self.rows.end],
            "limit": self.limit,
            "minimum_score": self.minimum_score,
            "evidence": self.evidence,
        });
        if let Some(shard) = self.references {
            content["references"] = json!([shard.index, shard.count]);
        }
        content
    }

    /// The name of its task.
    pub(super) fn name(&self, runner: &str) -> String {
        let Range { start, end } = self.rows;
        match self.references {
            None => format!("{runner}/predict/queries-{start}-{end}"),
            Some(ReferenceShard { index, count }) => {
                format!("{runner}/predict/queries-{start}-{end}/references-{index}-of-{count}")
            }
        }
    }
}

/// What a task of a prediction wrote. Paths are relative to the directory of the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskPrediction {
    /// The predictions, or the partial result.
    pub predictions: PathBuf,
    /// The evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<PathBuf>,
    /// All files, with their hashes.
    pub files: Vec<FileDigest>,
    /// What the runner counted.
    pub counts: PredictionCounts,
    /// What else it returned.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

impl TaskPrediction {
    /// Checks that the files in the directory of a result are those that were published. `beside` are
    /// names that may stand beside the predictions; a file with such a name must be one of them too.
    ///
    /// # Errors
    ///
    /// [`EngineError::Damaged`]; [`EngineError::Document`] if a file that is used is not among those with
    /// hashes.
    pub fn check(
        &self,
        index: usize,
        directory: &Path,
        beside: &[&str],
    ) -> Result<(), EngineError> {
        let opened = Directory::open(directory, Links::Refuse)?;
        for path in std::iter::once(&self.predictions).chain(&self.evidence) {
            self.check_listed(path, directory)?;
        }
        for name in beside {
            let path = self.predictions.with_file_name(name);
            if directory.join(&path).symlink_metadata().is_ok() {
                self.check_listed(&path, directory)?;
            }
        }
        let mut files = self.files.iter();
        let checked =
            files.try_for_each(|file| same(file, &opened, |file| Ok(digest_reader(file)?.0)));
        checked.map_err(|source| EngineError::Damaged {
            index,
            path: directory.to_owned(),
            source: Box::new(source),
        })
    }

    /// A file that is used must be below the directory of the result, and have a hash.
    fn check_listed(&self, path: &Path, directory: &Path) -> Result<(), EngineError> {
        let is_plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let name = slashed(path);
        if is_plain && self.files.iter().any(|file| file.path == name) {
            return Ok(());
        }
        Err(EngineError::Document {
            path: directory.join(RESULT),
            reason: format!(
                "{} is not among the files that it lists with hashes",
                path.display()
            ),
        })
    }
}

/// The files below `part` of a directory, with their hashes.
pub(crate) fn digests(directory: &Path, part: &str) -> Result<Vec<FileDigest>, EngineError> {
    let opened = Directory::open(&directory.join(part), Links::Refuse)?;
    let tree = opened.walk(&Limits::default(), &Never)?;
    if let Some(error) = tree.left_out.into_iter().next() {
        return Err(error.into());
    }
    let mut digests = Vec::with_capacity(tree.files.len());
    for file in &tree.files {
        let unreadable = |source| FilesError::Read {
            path: directory.join(part).join(&file.path),
            source,
        };
        let read = opened.open_file(&file.path)?;
        let (sha256, bytes) = digest_reader(read).map_err(unreadable)?;
        digests.push(FileDigest {
            path: format!("{part}/{}", slashed(&file.path)),
            sha256,
            bytes,
        });
    }
    Ok(digests)
}

/// The identity of a local model: the SHA-256 of a list of the files in its directory with their hashes.
/// A frozen dataset in it counts by its manifest, which has the hashes of its files. The host does not
/// look into a model of a URI that only the runner resolves; its identity is that of the URI.
///
/// # Errors
///
/// [`EngineError::ModelMissing`], [`EngineError::Files`].
pub fn model_identity(model: &Url) -> Result<Sha256, EngineError> {
    let Some(path) = store::local_path(model)
        .ok()
        .filter(|_| store::is_local(model))
    else {
        return Ok(digest_bytes(model.as_str().as_bytes()));
    };
    let metadata = std::fs::metadata(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => EngineError::ModelMissing { path: path.clone() },
        _ => FilesError::Read {
            path: path.clone(),
            source,
        }
        .into(),
    })?;
    // A model may be the document in its directory.
    let directory = match metadata.is_dir() {
        true => path.as_path(),
        false => path.parent().unwrap_or(&path),
    };
    let opened = Directory::open(directory, Links::Follow)?;
    let tree = opened.walk(&Limits::default(), &Never)?;
    if let Some(error) = tree.left_out.into_iter().next() {
        return Err(error.into());
    }
    let is_manifest = |path: &Path| {
        path.file_name()
            .is_some_and(|name| name == dataset::MANIFEST)
    };
    let datasets: Vec<&Path> = tree
        .files
        .iter()
        .filter(|file| is_manifest(&file.path))
        .filter_map(|file| file.path.parent())
        .filter(|parent| !parent.as_os_str().is_empty())
        .collect();
    let cache = DigestCache::of_user();
    let mut list = String::new();
    for file in &tree.files {
        let in_dataset = datasets
            .iter()
            .any(|dataset| file.path.starts_with(dataset));
        if in_dataset && !is_manifest(&file.path) {
            continue;
        }
        let unreadable = |source| FilesError::Read {
            path: directory.join(&file.path),
            source,
        };
        let read = opened.open_file(&file.path)?;
        let hash = |file: &std::fs::File| Ok(*digest_reader(file)?.0.as_bytes());
        let sha256 = Sha256::from(cache.digest(&read, hash).map_err(unreadable)?);
        list += &format!("{sha256} {} {}\n", file.bytes, slashed(&file.path));
    }
    Ok(digest_bytes(list.as_bytes()))
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_its_files() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("model.json", "{}");
        write("weights/a", "1");
        write("references/dataset.json", "{\"files\":[]}");
        write("references/proteins.arrow", "x");
        let directory = Url::from_directory_path(place.path()).unwrap();
        let document = Url::from_file_path(place.path().join("model.json")).unwrap();
        let before = model_identity(&directory).unwrap();
        assert_eq!(model_identity(&document).unwrap(), before);
        // The manifest has the hash of this file.
        write("references/proteins.arrow", "y");
        assert_eq!(model_identity(&directory).unwrap(), before);
        for name in ["weights/a", "weights/b", "references/dataset.json"] {
            let last = model_identity(&directory).unwrap();
            write(name, "2");
            assert_ne!(model_identity(&directory).unwrap(), last, "{name}");
        }
        std::fs::remove_file(place.path().join("model.json")).unwrap();
        let missing = model_identity(&document);
        assert!(matches!(missing, Err(EngineError::ModelMissing { .. })));
        let foreign = Url::parse("runner:weights/7").unwrap();
        assert!(model_identity(&foreign).is_ok());
    }
}
