//! The manifests of a run's steps.

use std::path::Path;

use protea_core::workspace::{RunManifest, STEP_MANIFEST, StepManifest};

/// For each step that the run's manifest lists, the step's own manifest, if it can be read.
pub fn steps(run: &Path, manifest: &RunManifest) -> Vec<Option<StepManifest>> {
    let steps = manifest.steps.iter().enumerate();
    steps
        .map(|(at, step)| {
            // A name from a manifest must not lead out of the run's directory.
            let is_plain = step
                .name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_');
            let name = is_plain.then(|| StepManifest::directory_name(at, &step.name))?;
            let path = run.join("steps").join(name).join(STEP_MANIFEST);
            let bytes = protea_files::read_document(&path).ok()?;
            serde_json::from_slice(&bytes).ok()
        })
        .collect()
}
