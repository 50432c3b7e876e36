//! What `export` writes: the model, `spec.yaml` and `run.json`, each identified by its SHA-256.
//! `run.json` lists the other files with their hashes, by which the host knows a file that was changed.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use crate::{
    content::{FileDigest, digest_file},
    error::{Attribute, RunnerError},
    model,
    request::{ExportRequest, HasModel},
    result::{ExportResult, ExportedFile},
    uri::file_uri,
    version::CONTRACT_VERSION,
};

const SPEC: &str = "spec.yaml";
const RUN: &str = "run.json";

/// An export that is being written. [`ExportRequest::bundle`] creates one.
///
/// ```
/// # use protea_contracts::prelude::*;
/// # fn export(request: &ExportRequest) -> Result<ExportResult, RunnerError> {
/// let spec = json!({ "k": 5 });
/// let mut bundle = request.bundle(&spec)?;
/// bundle.write_model(&json!({ "weights": "weights.bin" }))?;
/// std::fs::write(bundle.add("weights", "weights.bin"), b"...").or_failed("writing the weights")?;
/// bundle.finish()
/// # }
/// ```
#[derive(Debug)]
pub struct Bundle {
    directory: PathBuf,
    files: Vec<(String, PathBuf)>,
    model_source: PathBuf,
    run: serde_json::Value,
}

impl ExportRequest {
    /// Begins the export in the output directory: writes `spec.yaml`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] or [`RunnerError::NoSpace`] when the directory cannot be written, and
    /// [`RunnerError::Model`] when there is no model.
    pub fn bundle(&self, spec: &impl Serialize) -> Result<Bundle, RunnerError> {
        Bundle::create(self, spec)
    }
}

impl Bundle {
    fn create(request: &ExportRequest, spec: &impl Serialize) -> Result<Self, RunnerError> {
        let directory = request.output_dir()?;
        let yaml = serde_saphyr::to_string(spec).or_failed("writing the spec as YAML")?;
        let model_source = request.model_path()?;
        let (model_sha256, _) =
            digest_file(&model_source).or_model(&format!("reading {}", model_source.display()))?;
        let mut bundle = Self {
            directory,
            files: Vec::new(),
            model_source,
            run: json!({
                "run_id": request.run_id,
                "model_sha256": model_sha256,
                "contract_version": CONTRACT_VERSION,
                "provenance": request.provenance,
            }),
        };
        let path = bundle.add("spec", SPEC);
        std::fs::write(&path, yaml).or_failed(&format!("writing {}", path.display()))?;
        Ok(bundle)
    }

    /// The directory of the export.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Adds a file of this role and returns the path to write it to, before
    /// [`finish`](Self::finish). `name` is relative to the export's directory.
    pub fn add(&mut self, role: &str, name: &str) -> PathBuf {
        let path = self.directory.join(name);
        self.files.push((role.to_owned(), path.clone()));
        path
    }

    /// Writes `model` as the `model.json` of the export. If this is not called,
    /// [`finish`](Self::finish) copies the model document that the request names.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] or [`RunnerError::NoSpace`] when it cannot be written.
    pub fn write_model(&mut self, model: &impl Serialize) -> Result<(), RunnerError> {
        let path = self.add("model", model::FILE_NAME);
        model::write(&path, model)
    }

    /// Writes `run.json`, hashes every file and lists them.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] or [`RunnerError::NoSpace`] when a file cannot be written, or one that
    /// was [added](Self::add) does not exist.
    pub fn finish(mut self) -> Result<ExportResult, RunnerError> {
        if !self.files.iter().any(|(role, _)| role == "model") {
            let path = self.add("model", model::FILE_NAME);
            std::fs::copy(&self.model_source, &path)
                .or_failed(&format!("copying the model to {}", path.display()))?;
        }
        let digest = |(role, path): (String, PathBuf)| {
            let (sha256, bytes) =
                digest_file(&path).or_failed(&format!("hashing {}", path.display()))?;
            Ok(ExportedFile {
                role,
                uri: file_uri(&path)?,
                sha256,
                bytes,
            })
        };
        let mut listed = Vec::with_capacity(self.files.len());
        let mut files = Vec::with_capacity(self.files.len() + 1);
        for (role, path) in std::mem::take(&mut self.files) {
            let relative = path.strip_prefix(&self.directory).unwrap_or(&path);
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            let name = parts.join("/");
            let file = digest((role, path))?;
            if !listed.iter().any(|listed: &FileDigest| listed.path == name) {
                listed.push(FileDigest {
                    path: name,
                    sha256: file.sha256,
                    bytes: file.bytes,
                });
            }
            files.push(file);
        }
        self.run["files"] = json!(listed);
        let path = self.add("run", RUN);
        model::write(&path, &self.run)?;
        for file in self.files {
            files.push(digest(file)?);
        }
        Ok(ExportResult {
            files,
            ..ExportResult::default()
        })
    }
}
