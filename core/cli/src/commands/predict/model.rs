//! A model of a run or an export, its runner and its training set.

use std::path::{Path, PathBuf};

use protea_cafa::dataset::FrozenDataset;
use protea_core::{
    Runner, Workspace,
    contracts::{ReferenceModel, Sha256, model::FILE_NAME},
    store::{self, Lease},
    workspace::{DatasetRecord, Needed, RecordedRun},
};
use protea_files::{Directory, Links};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::source::Source;
use crate::{
    args::PredictArgs,
    commands::{
        run_setup::{check_record, dataset, isolation, trusted},
        usable_run,
    },
    exit::Exit,
    failure::Failure,
    output::Reporter,
    transfers::open_store,
};

/// The file of an export that says where it comes from.
const RUN: &str = "run.json";
/// The file of an export with the ontology that its model was fitted with.
const ONTOLOGY: &str = "ontology.obo";
/// The largest `run.json` that is read, in bytes.
const RUN_LIMIT: u64 = 4 << 20;

/// A model and what belongs to it.
pub(in crate::commands) struct Model {
    /// Where it is.
    pub(in crate::commands) uri: Url,
    /// What names it as MODEL later too: the id of a run, or the absolute path of a directory.
    pub(in crate::commands) name: String,
    /// What it comes from.
    pub(in crate::commands) source: Source,
    /// The run that fitted it; empty if it is not known.
    pub(in crate::commands) run_id: String,
    /// The seed of that run.
    pub(in crate::commands) seed: Option<u64>,
    /// Keeps what was fetched.
    pub(super) _lease: Lease,
}

/// What `run.json` says, as far as it is needed here.
#[derive(Deserialize)]
struct Exported {
    #[serde(default)]
    run_id: String,
    provenance: Provenance,
}

#[derive(Deserialize)]
struct Provenance {
    runner: Option<RunnerIdentity>,
    seed: Option<u64>,
}

#[derive(Deserialize)]
struct RunnerIdentity {
    name: String,
    sha256: Option<Sha256>,
}

impl Model {
    /// Finds the model of a run or an export.
    pub(super) fn find(args: &PredictArgs, reporter: &Reporter) -> Result<Self, Failure> {
        if args.spec.is_given() {
            return Err(Failure::new(
                Exit::Usage,
                "settings are those that the model was fitted with; to fit one with these, name a runner and give --train",
            ));
        }
        if args.model.contains("://") {
            let uri = store::locate(&args.model)?;
            let staged = open_store(reporter)?.stage(&uri)?;
            return Self::exported(args, &staged.path, staged.lease.clone(), reporter);
        }
        let path = Path::new(&args.model);
        if path.join(RUN).is_file() || path.join(FILE_NAME).is_file() {
            return Self::exported(args, path, Lease::default(), reporter);
        }
        let workspace = Workspace::at(&args.execution.workspace.workspace)?;
        match usable_run::find(&workspace, &args.model, Needed::Model, reporter) {
            Ok(run) => {
                let mut model = Self::of_run(args, &run, reporter)?;
                if !run.directory.starts_with(workspace.directory()) {
                    model.name = absolute_name(&run.directory, &args.model);
                }
                Ok(model)
            }
            Err(failure) => Err(not_found(args, path).unwrap_or(failure)),
        }
    }

    /// The model of a run.
    fn of_run(args: &PredictArgs, run: &RecordedRun, reporter: &Reporter) -> Result<Self, Failure> {
        let recorded = run.runner()?;
        let uri = run.model_uri()?.clone();
        let catalog = trusted(&args.execution.runners, &args.execution.lock)?;
        let entry = catalog.find(&recorded.name)?;
        if let Err(other) = run.check_runner(&entry) {
            if !args.allow_other_runner {
                let failure = Failure::from(other);
                return Err(failure.with_note(
                    "--runner-dir adds a directory to search; --allow-other-runner uses the runner as it is now".to_owned(),
                ));
            }
            reporter.warn(&other.to_string());
        }
        let runner = Runner::load(&entry, &isolation(&args.execution.isolation)?)?;
        check_predicts(&runner)?;
        let recorded = run.dataset("train").ok();
        let (training, lease) = match &recorded {
            Some(recorded) => recorded_training(recorded, reporter)?,
            None => (None, Lease::default()),
        };
        let local = uri.to_file_path().ok();
        let training = training.or_else(|| referred(local.as_deref()?));
        check_record(&uri, &args.model, reporter)?;
        let directories = training
            .iter()
            .map(|training| training.directory().to_owned());
        let places = directories.chain(local.clone());
        let places = places.chain([run.directory.clone()]).collect();
        Ok(Self {
            uri,
            name: run.manifest.run_id.to_string(),
            source: Source {
                runner,
                spec: run.manifest.spec.clone(),
                training,
                training_place: recorded.map(|recorded| store::redacted(recorded.source())),
                ontology: ontology_in(local.as_deref().and_then(Path::parent)),
                places,
            },
            run_id: run.manifest.run_id.to_string(),
            seed: Some(run.manifest.seed),
            _lease: lease,
        })
    }

    /// An exported model.
    fn exported(
        args: &PredictArgs,
        directory: &Path,
        lease: Lease,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let unknown = |reason: String| {
            Failure::new(
                Exit::Input,
                format!(
                    "{} is not an exported model: {reason}; give the directory that `protea export` wrote, or a run",
                    args.model
                ),
            )
        };
        let bytes = Directory::open(directory, Links::Follow)
            .and_then(|opened| opened.read(Path::new(RUN), RUN_LIMIT))
            .map_err(|error| unknown(format!("its {RUN} cannot be read: {error}")))?;
        let exported: Exported = serde_json::from_slice(&bytes)
            .map_err(|error| unknown(format!("its {RUN} is not that of an export: {error}")))?;
        let Some(identity) = exported.provenance.runner else {
            return Err(unknown(format!("its {RUN} names no runner")));
        };
        let catalog = trusted(&args.execution.runners, &args.execution.lock)?;
        let entry = catalog.find(&identity.name)?;
        if identity.sha256.is_some_and(|sha256| sha256 != entry.sha256) {
            // An export is for other machines, so another build is to be expected.
            reporter.note(&format!(
                "the model was exported by another build of {}; scores can differ",
                identity.name
            ));
        }
        let runner = Runner::load(&entry, &isolation(&args.execution.isolation)?)?;
        check_predicts(&runner)?;
        let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let uri = store::uri_of(&absolute)?;
        check_record(&uri, &args.model, reporter)?;
        let training = referred(directory);
        let directories = training
            .iter()
            .map(|training| training.directory().to_owned());
        let places = directories.chain([directory.to_owned()]).collect();
        Ok(Self {
            uri,
            name: absolute_name(directory, &args.model),
            source: Source {
                runner,
                spec: Value::Null,
                training,
                training_place: None,
                ontology: ontology_in(Some(directory)),
                places,
            },
            run_id: exported.run_id,
            seed: exported.provenance.seed,
            _lease: lease,
        })
    }
}

/// Says it before any work is done.
pub(super) fn check_predicts(runner: &Runner) -> Result<(), Failure> {
    let capabilities = runner.capabilities();
    if capabilities.predicts {
        return Ok(());
    }
    let descriptor = &capabilities.descriptor;
    Err(Failure::new(
        Exit::Runner,
        format!(
            "the runner {} {} does not predict for proteins without annotations; it was built for contract {}, and runners can predict since 1.2.0, if their author implements it",
            descriptor.name, descriptor.version, descriptor.contract_version
        ),
    ))
}

/// The training set on record: where it was then, or fetched again from where it came from if the
/// cache has evicted it. `None` if it is gone or has changed.
fn recorded_training(
    recorded: &DatasetRecord,
    reporter: &Reporter,
) -> Result<(Option<FrozenDataset>, Lease), Failure> {
    let open = |path: PathBuf| {
        let dataset = FrozenDataset::open(&path).ok()?;
        (dataset.sha256() == recorded.sha256).then_some(dataset)
    };
    let local = recorded.uri.to_file_path().ok();
    if let Some(dataset) = local.and_then(open) {
        return Ok((Some(dataset), recorded.lease()));
    }
    let Some(origin) = &recorded.origin else {
        return Ok((None, Lease::default()));
    };
    reporter.note(&format!(
        "fetching the training set again from {}",
        store::redacted(origin)
    ));
    let fetched = dataset(origin.as_str(), reporter)?;
    Ok((open(store::local_path(&fetched.uri)?), fetched.lease()))
}

/// The dataset that a reference model refers to.
fn referred(model: &Path) -> Option<FrozenDataset> {
    let document = if model.is_dir() {
        model.join(FILE_NAME)
    } else {
        model.to_owned()
    };
    let reference = ReferenceModel::<Value>::read(&document).ok()??;
    let directory: PathBuf = reference.dataset_dir(&document).ok()?;
    let dataset = FrozenDataset::open(&directory).ok()?;
    (dataset.sha256() == *reference.dataset_sha256).then_some(dataset)
}

/// The ontology in the directory of a model.
fn ontology_in(directory: Option<&Path>) -> Option<PathBuf> {
    let path = directory?.join(ONTOLOGY);
    protea_files::is_regular(&path).then_some(path)
}

/// The absolute path of a directory as an argument; `given` if a string cannot hold it.
fn absolute_name(directory: &Path, given: &str) -> String {
    let absolute = std::path::absolute(directory).ok();
    let name = absolute.and_then(|path| path.to_str().map(str::to_owned));
    name.unwrap_or_else(|| given.to_owned())
}

/// A better message than that there is no such run.
fn not_found(args: &PredictArgs, path: &Path) -> Option<Failure> {
    let catalog = trusted(&args.execution.runners, &args.execution.lock).ok()?;
    if catalog.find(&args.model).is_ok() {
        return Some(Failure::new(
            Exit::Usage,
            format!(
                "{} is a runner, not a model; give the dataset to fit it on with --train, or the id of a run that fitted it",
                args.model
            ),
        ));
    }
    path.exists().then(|| {
        Failure::new(
            Exit::Input,
            format!(
                "{} is neither a run nor an exported model: it has no {RUN}; `protea export` writes one",
                args.model
            ),
        )
    })
}
