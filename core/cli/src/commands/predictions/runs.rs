//! Runs that are named in place of a file of predictions.

use std::path::{Path, PathBuf};

use protea_cafa::{dataset::FrozenDataset, prediction::predictions_in};
use protea_core::{
    Workspace, store,
    workspace::{FindRunError, LATEST, Needed, RecordedRun},
};

use crate::{
    args::{PredictionsCommand, PredictionsMemoryArgs},
    commands::usable_run,
    exit::Exit,
    failure::Failure,
    output::{Reporter, display_path},
};

/// The arguments that can name a run: where runs are, the files, the ontology.
type Named<'a> = (
    &'a PredictionsMemoryArgs,
    Vec<&'a mut PathBuf>,
    Option<&'a mut Option<PathBuf>>,
);

/// Replaces runs by their files of predictions, and an ontology that is not given by that of the run.
pub(super) fn resolve(
    command: &mut PredictionsCommand,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let is_shown = matches!(command, PredictionsCommand::Show(_));
    let (resources, files, ontology): Named<'_> = match command {
        PredictionsCommand::Merge(args) => (
            &args.resources,
            args.files.iter_mut().collect(),
            Some(&mut args.ontology),
        ),
        PredictionsCommand::Propagate(args) => (&args.resources, vec![&mut args.file], None),
        PredictionsCommand::Cut(args) => (
            &args.resources,
            vec![&mut args.file],
            Some(&mut args.ontology),
        ),
        PredictionsCommand::Validate(args) => {
            (&args.resources, args.files.iter_mut().collect(), None)
        }
        PredictionsCommand::Diff(args) => (
            &args.resources,
            vec![&mut args.first, &mut args.second],
            Some(&mut args.ontology),
        ),
        PredictionsCommand::Stats(args) => (
            &args.resources,
            vec![&mut args.file],
            Some(&mut args.ontology),
        ),
        PredictionsCommand::Convert(args) => (
            &args.resources,
            vec![&mut args.file],
            Some(&mut args.ontology),
        ),
        PredictionsCommand::Show(args) => (
            &args.resources,
            vec![&mut args.file],
            Some(&mut args.ontology),
        ),
    };
    let directory = &resources.workspace.workspace;
    let mut known = None;
    for file in files {
        let Some(run) = run(file, directory, reporter)? else {
            // Otherwise, the first error would be that of the ontology.
            if is_shown && file != Path::new("-") && !file.exists() {
                return Err(missing(file, directory));
            }
            continue;
        };
        *file = predictions(&run)?;
        known = known.or_else(|| ontology_of(&run));
    }
    if let Some(ontology) = ontology
        && ontology.is_none()
    {
        *ontology = known;
    }
    Ok(())
}

fn missing(file: &Path, workspace: &Path) -> Failure {
    Failure::new(
        Exit::Input,
        format!(
            "there is no file {}, and no run of this name in the workspace {}; check the path, or give a run \
             that `protea runs list` shows",
            display_path(file),
            display_path(workspace)
        ),
    )
}

/// The run that is named in place of a file; none if it is a file, or nothing at all, which opening
/// it will say.
fn run(file: &Path, workspace: &Path, reporter: &Reporter) -> Result<Option<RecordedRun>, Failure> {
    let Some(text) = file.to_str().filter(|text| *text != "-") else {
        return Ok(None);
    };
    if file.exists() && !file.is_dir() {
        return Ok(None);
    }
    let workspace = Workspace::at(workspace)?;
    match workspace.find_run(text) {
        Err(FindRunError::NoWorkspace { .. }) if text != LATEST => Ok(None),
        Err(FindRunError::Unknown { .. }) => Ok(None),
        _ => usable_run::find(&workspace, text, Needed::Predictions, reporter).map(Some),
    }
}

fn predictions(run: &RecordedRun) -> Result<PathBuf, Failure> {
    let directory = run.manifest.artifacts.predictions.as_deref();
    directory.and_then(predictions_in).ok_or_else(|| {
        Failure::new(
            Exit::Input,
            format!(
                "the run {} is {} and has no predictions; give a run that evaluated a model",
                run.manifest.run_id, run.manifest.status
            ),
        )
    })
}

/// The ontology of the dataset that the run was scored on, if the dataset is there and unchanged.
fn ontology_of(run: &RecordedRun) -> Option<PathBuf> {
    let recorded = run.dataset("eval").ok()?;
    let directory = store::local_path(&recorded.uri).ok()?;
    let dataset = FrozenDataset::open(&directory).ok()?;
    (dataset.sha256() == recorded.sha256).then(|| dataset.ontology_path())
}
