//! What MODEL names: a model, or a runner that is fitted once the queries are known to be usable.

use protea_cafa::dataset::FrozenDataset;
use protea_core::{Dataset, ResolvedSpec, store};

use super::{
    model::{Model, check_predicts},
    queries::Queries,
    source::Source,
};
use crate::{
    args::PredictArgs,
    commands::{data_needs, run_setup::Session},
    exit::Exit,
    failure::Failure,
    output::Reporter,
    spec,
};

/// What MODEL names: a model, or a runner that fits one. The queries are checked before it is fitted.
pub(in crate::commands) enum Candidate<'a> {
    /// A model.
    Fitted(Box<Model>),
    /// A runner with its settings and training set.
    Unfitted(Box<Unfitted<'a>>),
}

/// A runner with the settings and the training set of a model.
pub(in crate::commands) struct Unfitted<'a> {
    session: Session<'a>,
    spec: ResolvedSpec,
    train: Dataset,
    source: Source,
    seed: u64,
}

impl<'a> Candidate<'a> {
    /// Finds what MODEL names.
    pub(in crate::commands) fn find(
        args: &'a PredictArgs,
        reporter: &'a Reporter,
    ) -> Result<Self, Failure> {
        if args.train.is_some() {
            return Ok(Self::Unfitted(Box::new(Unfitted::find(args, reporter)?)));
        }
        Ok(Self::Fitted(Box::new(Model::find(args, reporter)?)))
    }

    /// What it comes from.
    pub(in crate::commands) fn source(&self) -> &Source {
        match self {
            Self::Fitted(model) => &model.source,
            Self::Unfitted(unfitted) => &unfitted.source,
        }
    }

    /// Fails if a runner could not predict for the queries after it was fitted.
    pub(in crate::commands) fn check(&self, queries: &Queries) -> Result<(), Failure> {
        let Self::Unfitted(unfitted) = self else {
            return Ok(());
        };
        let Source {
            runner,
            spec,
            training,
            ..
        } = &unfitted.source;
        let problem = training
            .as_ref()
            .and_then(|it| data_needs::problem_between(runner, spec, it, &queries.frozen));
        let Some(problem) = problem else {
            return Ok(());
        };
        let failure = Failure::new(Exit::Input, problem);
        Err(match queries.missing(&unfitted.source) {
            Some(note) => failure.with_note(note),
            None => failure,
        })
    }

    /// The model, which is fitted now if it is not yet.
    pub(in crate::commands) fn fitted(self) -> Result<Model, Failure> {
        match self {
            Self::Fitted(model) => Ok(*model),
            Self::Unfitted(unfitted) => unfitted.fit(),
        }
    }
}

impl<'a> Unfitted<'a> {
    fn find(args: &'a PredictArgs, reporter: &'a Reporter) -> Result<Self, Failure> {
        let location = args.train.as_deref().unwrap_or_default();
        let spec = spec::read(args.spec.spec.as_deref(), &args.spec.single())?;
        let session = Session::begin(&args.model, &args.execution, reporter)?;
        check_predicts(session.runner())?;
        let spec = session.resolve_spec(&spec)?;
        let train = session.dataset(location)?;
        let path = store::local_path(&train.uri).ok();
        let source = Source {
            runner: session.runner().clone(),
            spec: spec.as_value().clone(),
            training: path
                .as_deref()
                .and_then(|path| FrozenDataset::open(path).ok()),
            training_place: None,
            ontology: None,
            places: path.into_iter().collect(),
        };
        let seed = args.execution.seed;
        Ok(Self {
            session,
            spec,
            train,
            source,
            seed,
        })
    }

    fn fit(self) -> Result<Model, Failure> {
        let Self {
            session,
            spec,
            train,
            source,
            seed,
        } = self;
        let run = session.experiment(|experiment| experiment.fit(&spec, &train))?;
        let Some(uri) = run.manifest.model_uri.clone() else {
            return Err(Failure::new(Exit::Failed, "the run has no model"));
        };
        Ok(Model {
            uri,
            name: run.manifest.run_id.to_string(),
            source,
            run_id: run.manifest.run_id.to_string(),
            seed: Some(seed),
            _lease: train.lease(),
        })
    }
}
