//! Explanations of scores.

use std::{collections::HashMap, sync::Arc};

use protea_cafa::{assessment::open_dataset, prediction::PREDICTIONS, scoring::round_score};
use protea_core::{
    DispatchError,
    contracts::{Evaluate, Explain, ExplainRequest, Explanation, Level, RunnerError},
};
use url::Url;

use super::{optional, scope};
use crate::{
    Checked, Subject, Verdict, fixture::WorkDir, recorder::Recorder, subject::SEED,
    written::predictions_in,
};

scope! {
    /// Explanations of scores.
    ExplainTest {
        /// A runner that explains declares it; one that does not returns `Unsupported` with a remedy
        Declared = "explain/declared" => declared,
        /// The explained scores are those that `evaluate` wrote, and their contributions reproduce them
        Agrees = "explain/agrees" => agrees,
        /// An unknown protein and an unknown term are `NotFound` errors
        Unknown = "explain/unknown" => unknown,
    }
}

/// The number of proteins that the tests ask about.
const ASKED: usize = 5;

/// Rounding differences between a score and the sum of its parts.
const ROUNDINGS: f64 = 1e-6;

/// What the tests ask about: a model, a dataset, and the first proteins in it.
struct Asked<'s> {
    subject: &'s Subject,
    model: Url,
    dataset: Url,
    proteins: Vec<String>,
}

impl<'s> Asked<'s> {
    fn of(subject: &'s Subject, model: &Url, dir: &WorkDir) -> Result<Self, Verdict> {
        let dataset = open_dataset(&dir.join("eval")).map_err(|error| {
            Verdict::skipped(format!(
                "the proteins of the dataset cannot be read: {error}"
            ))
        })?;
        let proteins = (0..dataset.len().min(ASKED)).map(|at| dataset.accession(at).to_owned());
        Ok(Self {
            subject,
            model: model.clone(),
            dataset: dir.uri("eval"),
            proteins: proteins.collect(),
        })
    }

    fn ask(
        &self,
        protein: &str,
        term: Option<&str>,
    ) -> Result<Result<Explanation, DispatchError>, Verdict> {
        let mut request = ExplainRequest::new(self.model.clone(), self.dataset.clone(), protein);
        request.term = term.map(str::to_owned);
        request.seed = SEED;
        request.run_id = "conformance".to_owned();
        let silent = Arc::new(Recorder::new(Level::Error));
        Ok(self.subject.runner()?.call::<Explain>(&request, silent))
    }
}

fn declared(subject: &Subject) -> Checked {
    let declares = subject.runner()?.capabilities().explains;
    let fitted = subject.fitted()?;
    let asked = Asked::of(subject, &fitted.model_uri, &fitted.dir)?;
    let Some(protein) = asked.proteins.first() else {
        return Ok(Verdict::skipped("the dataset has no protein"));
    };
    optional::declared("explain", declares, asked.ask(protein, None)?)
}

fn agrees(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    // Not the shared evaluation, whose files later evaluations may have overwritten.
    let dir = subject.work_dir()?;
    let silent = || Arc::new(Recorder::new(Level::Error));
    let (model, _) = subject.fit_in(&dir, "model", silent())?;
    let request = subject.evaluate_model(&model, &dir, "evaluation");
    if let Err(error) = subject.runner()?.call::<Evaluate>(&request, silent()) {
        return Err(Verdict::skipped(format!("evaluate fails: {error}")));
    }
    let Some(written) = predictions_in(&dir.join("evaluation"))? else {
        return Ok(Verdict::skipped(format!(
            "evaluate does not write {PREDICTIONS}, so there is nothing to compare with"
        )));
    };
    let asked = Asked::of(subject, &model, &dir)?;
    let nothing = HashMap::new();
    let mut terms = 0;
    for protein in &asked.proteins {
        let explanation = asked
            .ask(protein, None)?
            .map_err(|error| Verdict::from_dispatch("explain", &error))?;
        compare(&explanation, written.get(protein).unwrap_or(&nothing))?;
        terms += explanation.terms.len();
    }
    Ok(Verdict::noted(format!(
        "{terms} scores of {} proteins",
        asked.proteins.len()
    )))
}

fn compare(explanation: &Explanation, written: &HashMap<String, f64>) -> Result<(), Verdict> {
    let protein = &explanation.accession;
    let decimals = explanation.decimals;
    let rounding = ROUNDINGS + decimals.map_or(0.0, |decimals| 0.5 * 0.1_f64.powi(decimals.into()));
    let remedy = "use the same code in `explain` and `evaluate`";
    let differs = |seen: String| {
        Err(Verdict::failed(
            "`explain` returns the terms and scores that `evaluate` wrote",
            seen,
            remedy,
        ))
    };
    if explanation.predicted != written.len() {
        return differs(format!(
            "for {protein}, `evaluate` wrote {} terms, and `explain` says that {} are predicted",
            written.len(),
            explanation.predicted
        ));
    }
    let predicted = explanation.terms.iter().filter(|term| term.predicted);
    let mut explained = 0;
    for term in predicted {
        explained += 1;
        let score = round_score(term.score);
        match written.get(&term.term) {
            Some(written) if (written - score).abs() <= ROUNDINGS => {}
            written => {
                let written =
                    written.map_or("not written".to_owned(), |w| format!("written as {w}"));
                return differs(format!(
                    "{} of {protein} has the score {score} in `explain`, and was {written}",
                    term.term
                ));
            }
        }
        if let Some(reproduced) = term.reproduced()
            && (reproduced - term.raw_score()).abs() > rounding
        {
            return Err(Verdict::failed(
                "base and contributions reproduce the score, combined as `combination` says",
                format!(
                    "the contributions to {} of {protein} give {reproduced}, but its score is {}",
                    term.term,
                    term.raw_score()
                ),
                "list every contribution, with amounts on the scale of the score",
            ));
        }
    }
    if explained != written.len() {
        return differs(format!(
            "for {protein}, `evaluate` wrote {} terms, and `explain` returns {explained}",
            written.len()
        ));
    }
    Ok(())
}

fn unknown(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    let fitted = subject.fitted()?;
    let asked = Asked::of(subject, &fitted.model_uri, &fitted.dir)?;
    let protein = asked.proteins.first().map_or("", String::as_str);
    let questions = [
        ("a protein", asked.ask("NO-SUCH-PROTEIN", None)?),
        ("a term", asked.ask(protein, Some("NO:SUCHTERM"))?),
    ];
    for (what, answer) in questions {
        match answer {
            Err(DispatchError::Runner(RunnerError::NotFound { .. })) => {}
            Ok(_) | Err(DispatchError::Runner(_)) => {
                let seen =
                    answer.map_or_else(|error| error.to_string(), |_| "an explanation".into());
                return Err(Verdict::failed(
                    format!("`explain` answers `NotFound` for {what} that does not exist"),
                    seen,
                    "return `RunnerError::not_found` with similar names",
                ));
            }
            Err(error) => return Err(Verdict::from_dispatch("explain", &error)),
        }
    }
    Ok(Verdict::passed())
}

fn only_if_declared(subject: &Subject) -> Result<(), Verdict> {
    optional::only_if_declared("explain", subject.runner()?.capabilities().explains)
}
