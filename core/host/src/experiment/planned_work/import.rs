//! Takes the run of a task into the workspace.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protea_files::{
    Directory, LARGEST_DOCUMENT, Limits, Links, Never, Staging, StagingError, is_directory,
};
use url::Url;

use crate::{
    engine::{EngineError, TaskResult, check_files},
    experiment::{
        error::ExperimentError, finished_run::FinishedRun, run_spec::RunSpec, setup::Experiment,
    },
    workspace::{RUN_MANIFEST, RunManifest, STEP_MANIFEST},
};

/// Takes the run of a task into the job that it has in the workspace, unless it is there. Files are
/// linked where the file system allows it, otherwise copied; the documents among them get the paths
/// that they have now. A file that is not as the task wrote it is an error.
pub(super) fn import(
    experiment: &Experiment,
    run_spec: &RunSpec<'_>,
    result_directory: &Path,
    (index, result): (usize, &TaskResult),
) -> Result<FinishedRun, ExperimentError> {
    let job = experiment.job_of(run_spec)?;
    let run_id = Path::new(result.run_id.as_str());
    let directory = job
        .directory()
        .join("artifacts")
        .join(run_spec.pipeline)
        .join(run_id);
    if !directory.join(RUN_MANIFEST).is_file() {
        // workspace/<job_id>
        let of_job: PathBuf = result.run.iter().take(2).collect();
        check_files(result_directory, result, index, &of_job)?;
        let source = result_directory.join(&result.run);
        let paths = Paths::between(&result.recorded_at, job.workspace());
        // <job>/artifacts/<pipeline>/<run_id>
        let source_job = source.ancestors().nth(3).unwrap_or(&source).to_owned();
        let log = source_job.join("tracker_log").join(run_id);
        let log_here = job.tracker_log().join(run_id);
        if is_directory(&log) && !is_directory(&log_here) {
            take(&log, &log_here, |_| true, &paths)?;
        }
        for tracker in TRACKERS {
            take_each(&source_job.join(tracker), &job.directory().join(tracker))?;
        }
        take(&source, &directory, is_document, &paths)?;
    }
    Ok(FinishedRun {
        manifest: RunManifest::read(&directory)?,
        directory,
    })
}

/// Copies a whole job of a result to a directory that does not exist yet.
pub(super) fn copy_job(
    from: &Path,
    to: &Path,
    recorded_at: &Path,
    workspace: &Path,
) -> Result<(), EngineError> {
    let paths = Paths::between(recorded_at, workspace);
    // artifacts/<pipeline>/<run_id>/…
    let is_named = |path: &Path| {
        let below: PathBuf = path.iter().skip(3).collect();
        path.starts_with("tracker_log") || path.starts_with("artifacts") && is_document(&below)
    };
    fs::create_dir(to).map_err(EngineError::write(to))?;
    fill(from, to, is_named, &paths)
}

/// The directories of a job in which trackers without a server keep a directory for each run.
const TRACKERS: [&str; 2] = ["tensorboard", "wandb"];

/// Takes each directory in a directory, unless it is there.
fn take_each(from: &Path, to: &Path) -> Result<(), EngineError> {
    if !is_directory(from) {
        return Ok(());
    }
    let tree = Directory::open(from, Links::Refuse)?.walk(&Limits::default(), &Never)?;
    let none = Paths(Vec::new());
    for run in tree
        .directories
        .iter()
        .filter(|path| path.iter().count() == 1)
    {
        take(&from.join(run), &to.join(run), |_| false, &none)?;
    }
    Ok(())
}

/// Whether a file of a run is a document of the host, which names paths.
fn is_document(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_own = !path.starts_with("model")
        && !path.starts_with("export")
        && !path.starts_with("predictions");
    is_own && (name == RUN_MANIFEST || name == STEP_MANIFEST || path.starts_with("logs"))
}

fn take(
    from: &Path,
    to: &Path,
    is_document: impl Fn(&Path) -> bool,
    paths: &Paths,
) -> Result<(), EngineError> {
    let staging = match Staging::begin(to) {
        // Taken by another process meanwhile.
        Err(StagingError::Exists { .. }) => return Ok(()),
        staging => staging?,
    };
    fill(from, staging.path(), is_document, paths)?;
    match staging.publish_synced() {
        Ok(_) | Err(StagingError::Exists { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Links or copies everything below a directory.
fn fill(
    from: &Path,
    to: &Path,
    is_document: impl Fn(&Path) -> bool,
    paths: &Paths,
) -> Result<(), EngineError> {
    let source = Directory::open(from, Links::Refuse)?;
    let tree = source.walk(&Limits::default(), &Never)?;
    if let Some(error) = tree.left_out.into_iter().next() {
        return Err(error.into());
    }
    for below in &tree.directories {
        let place = to.join(below);
        fs::create_dir_all(&place).map_err(EngineError::write(&place))?;
    }
    for file in &tree.files {
        let (place, original) = (to.join(&file.path), from.join(&file.path));
        if is_document(&file.path) && file.bytes <= LARGEST_DOCUMENT {
            let bytes = source.read(&file.path, LARGEST_DOCUMENT)?;
            protea_files::write(&place, &paths.replace(bytes))?;
        } else if fs::hard_link(&original, &place).is_err() {
            let mut content = source.open_file(&file.path)?;
            let mut copy = protea_files::open_to_write(&place, protea_files::Access::Replace)?;
            io::copy(&mut content, &mut copy).map_err(EngineError::write(&place))?;
        }
    }
    Ok(())
}

/// The spellings of a directory in documents, and what takes their place.
struct Paths(Vec<(Vec<u8>, Vec<u8>)>);

impl Paths {
    fn between(from: &Path, to: &Path) -> Self {
        let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for spell in [as_uri, as_json, as_text] {
            if let (Some(from), Some(to)) = (spell(from), spell(to)) {
                let is_new = pairs.iter().all(|(known, _)| *known != from);
                if is_new && from != to {
                    pairs.push((from, to));
                }
            }
        }
        Self(pairs)
    }

    fn replace(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut bytes = bytes;
        for (from, to) in &self.0 {
            bytes = replaced(&bytes, from, to);
        }
        bytes
    }
}

fn as_text(path: &Path) -> Option<Vec<u8>> {
    Some(path.to_str()?.as_bytes().to_vec())
}

fn as_json(path: &Path) -> Option<Vec<u8>> {
    let text = serde_json::to_string(path.to_str()?).ok()?;
    Some(text.trim_matches('"').as_bytes().to_vec())
}

fn as_uri(path: &Path) -> Option<Vec<u8>> {
    let uri = Url::from_file_path(path).ok()?;
    Some(uri.path().as_bytes().to_vec())
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(place) = find(rest, from) {
        let after = place + from.len();
        out.extend_from_slice(&rest[..place]);
        // `/a/b` is not the beginning of `/a/bc`.
        let is_whole = rest.get(after).is_none_or(|byte| !is_of_a_name(*byte));
        out.extend_from_slice(if is_whole { to } else { from });
        rest = &rest[after..];
    }
    out.extend_from_slice(rest);
    out
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.%".contains(&byte) || byte >= 0x80
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut start = 0;
    while let Some(place) = bytes[start..].iter().position(|byte| *byte == first) {
        let place = start + place;
        if bytes[place..].starts_with(part) {
            return Some(place);
        }
        start = place + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_paths_are_replaced_in_every_spelling() {
        let paths = Paths::between(Path::new("/p/work é"), Path::new("/w x"));
        let text = r#"/p/work é/a "/p/work é" /p/work é2 file:///p/work%20%C3%A9/m.json"#;
        let expected = r#"/w x/a "/w x" /p/work é2 file:///w%20x/m.json"#;
        let replaced = paths.replace(text.as_bytes().to_vec());
        assert_eq!(String::from_utf8(replaced).unwrap(), expected);
        let same = Paths::between(Path::new("/a"), Path::new("/a"));
        assert_eq!(same.replace(b"/a/b".to_vec()), b"/a/b");
    }

    #[test]
    fn only_documents_of_the_host_are_rewritten() {
        let is = |path: &str| is_document(&PathBuf::from(path));
        assert!(is("run_manifest.json") && is("logs/run.log"));
        assert!(is("steps/01_fit/step_manifest.json"));
        assert!(!is("model/run_manifest.json") && !is("predictions/predictions.tsv"));
    }
}
