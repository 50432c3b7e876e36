//! A correct runner, with places where an animal may misbehave.

use std::sync::atomic::{AtomicBool, Ordering};

use protea_contracts::prelude::*;

/// The one metric of every animal.
pub const SCORE: &str = "score";
/// Its value, unless the animal misbehaves there.
pub const SCORE_VALUE: f64 = 0.5;

spec! {
    /// The settings of every animal.
    #[derive(Default)]
    pub struct ZooSpec {
        /// Anything; it is recorded in the model.
        pub note: String,
    }
}

/// What an animal does differently from a correct runner. Every method defaults to correct behaviour.
pub trait Animal: Send + Sync + 'static {
    /// During `fit`, before the model is written.
    ///
    /// # Errors
    ///
    /// The error of `fit`.
    fn fit(&self, _: &FitRequest<ZooSpec>, _: &Emitter) -> Result<(), RunnerError> {
        Ok(())
    }

    /// `evaluate`, after reading the model.
    ///
    /// # Errors
    ///
    /// The error of `evaluate`.
    fn evaluate(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
        Ok(EvalResult::default().with_metric(SCORE, SCORE_VALUE))
    }

    /// After `export`, with its correct result.
    ///
    /// # Errors
    ///
    /// The error of `export`.
    fn export(&self, _: &ExportRequest, sound: ExportResult) -> Result<ExportResult, RunnerError> {
        Ok(sound)
    }

    /// Whether `fit` says that it can be continued.
    fn checkpoints(&self) -> bool {
        false
    }

    /// Whether it predicts, also from parts of its references.
    fn predicts(&self) -> bool {
        false
    }

    /// `predict`.
    ///
    /// # Errors
    ///
    /// The error of `predict`.
    fn predict(&self, _: &PredictRequest) -> Result<PredictResult, RunnerError> {
        Err(RunnerError::unsupported("predict", "an animal does not"))
    }

    /// When the runner that has fitted is dropped.
    fn drop_fitted(&self) {}
}

/// An [`Animal`] as a runner.
#[derive(Debug)]
pub struct Tame<A: Animal> {
    animal: A,
    fitted: AtomicBool,
}

impl<A: Animal> Tame<A> {
    /// Makes a runner from an animal.
    pub const fn new(animal: A) -> Self {
        Self {
            animal,
            fitted: AtomicBool::new(false),
        }
    }
}

impl<A: Animal> ExperimentRunner for Tame<A> {
    type Spec = ZooSpec;

    fn metrics(&self) -> MetricSchema {
        MetricSchema::flat(vec![
            MetricDeclaration::new(SCORE, Direction::HigherIsBetter).within(0.0, 1.0),
        ])
        .placeholder()
    }

    fn checkpoints(&self) -> bool {
        self.animal.checkpoints()
    }

    fn predicts(&self) -> bool {
        self.animal.predicts()
    }

    fn splits_references(&self) -> bool {
        self.animal.predicts()
    }

    fn predict(&self, request: &PredictRequest, _: &Emitter) -> Result<PredictResult, RunnerError> {
        self.animal.predict(request)
    }

    fn fit(&self, request: &FitRequest<ZooSpec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
        self.fitted.store(true, Ordering::SeqCst);
        self.animal.fit(request, emit)?;
        Ok(RunResult::new(request.write_model(&request.spec)?))
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        request.read_model::<ZooSpec>()?;
        self.animal.evaluate(request, emit)
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let sound = request
            .bundle(&request.read_model::<ZooSpec>()?)?
            .finish()?;
        self.animal.export(request, sound)
    }
}

impl<A: Animal> Drop for Tame<A> {
    fn drop(&mut self) {
        if *self.fitted.get_mut() {
            self.animal.drop_fitted();
        }
    }
}

/// Exports an animal as a runner: its name, its summary, and what it does differently.
#[macro_export]
macro_rules! animal {
    ($name:literal, $summary:literal) => {
        $crate::animal!(@export $name, $summary, {});
    };
    ($name:literal, $summary:literal, fit |$request:pat_param, $emit:pat_param| $body:expr) => {
        $crate::animal!(@export $name, $summary, {
            fn fit(
                &self,
                $request: &::protea_contracts::FitRequest<$crate::ZooSpec>,
                $emit: &::protea_contracts::Emitter,
            ) -> ::std::result::Result<(), ::protea_contracts::RunnerError> {
                $body
            }
        });
    };
    ($name:literal, $summary:literal, evaluate |$request:pat_param, $emit:pat_param| $body:expr) => {
        $crate::animal!(@export $name, $summary, {
            fn evaluate(
                &self,
                $request: &::protea_contracts::EvaluateRequest,
                $emit: &::protea_contracts::Emitter,
            ) -> ::std::result::Result<
                ::protea_contracts::EvalResult,
                ::protea_contracts::RunnerError,
            > {
                $body
            }
        });
    };
    ($name:literal, $summary:literal, export |$request:pat_param, $sound:pat_param| $body:expr) => {
        $crate::animal!(@export $name, $summary, {
            fn export(
                &self,
                $request: &::protea_contracts::ExportRequest,
                $sound: ::protea_contracts::ExportResult,
            ) -> ::std::result::Result<
                ::protea_contracts::ExportResult,
                ::protea_contracts::RunnerError,
            > {
                $body
            }
        });
    };
    ($name:literal, $summary:literal, drop || $body:expr) => {
        $crate::animal!(@export $name, $summary, {
            fn drop_fitted(&self) {
                $body
            }
        });
    };
    (@export $name:literal, $summary:literal, { $($method:item)* }) => {
        struct Beast;

        impl $crate::Animal for Beast { $($method)* }

        ::protea_contracts::export_runner!(
            $crate::Tame::new(Beast),
            name: $name,
            version: "1.0.0",
            summary: $summary
        );
    };
}
