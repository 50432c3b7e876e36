//! Where the scores come from.

use std::{collections::HashMap, path::Path, sync::Arc};

use protea_cafa::{
    assessment::{PREDICTIONS, open_dataset},
    scoring::round_score,
};
use protea_core::{
    DispatchError,
    contracts::{Evaluate, Explain, ExplainRequest, Explanation, Level, RunnerError},
};
use url::Url;

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    fixture::Place,
    recorder::Recorder,
    subject::{SEED, cannot_write},
};

scope! {
    /// Where the scores come from.
    ExplainTest {
        /// A runner that explains says so, and one that does not answers `Unsupported` with what to do instead
        Declared = "explain/declared" => declared,
        /// The explained scores are those that `evaluate` wrote, and their contributions make them up
        Agrees = "explain/agrees" => agrees,
        /// An unknown protein and an unknown term are answered with `NotFound`
        Unknown = "explain/unknown" => unknown,
    }
}

/// Proteins that are asked about.
const ASKED: usize = 5;
/// Scores by protein and term.
type Written = HashMap<String, HashMap<String, f64>>;

/// Sums of parts differ from their whole by roundings.
const ROUNDINGS: f64 = 1e-6;

/// What the tests ask about: a model, a dataset, and the first proteins in it.
struct Asked<'s> {
    subject: &'s Subject,
    model: Url,
    dataset: Url,
    proteins: Vec<String>,
}

impl<'s> Asked<'s> {
    fn of(subject: &'s Subject, model: &Url, place: &Place) -> Result<Self, Verdict> {
        let dataset = open_dataset(&place.join("eval")).map_err(|error| {
            Verdict::skipped(format!("no protein of the dataset is known: {error}"))
        })?;
        let proteins = (0..dataset.len().min(ASKED)).map(|at| dataset.accession(at).to_owned());
        Ok(Self {
            subject,
            model: model.clone(),
            dataset: place.uri("eval"),
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
    let asked = Asked::of(subject, &fitted.model_uri, &fitted.place)?;
    let Some(protein) = asked.proteins.first() else {
        return Ok(Verdict::skipped("the dataset has no protein"));
    };
    let remedy = "implement both `explains` and `explain`, or neither";
    match (declares, asked.ask(protein, None)?) {
        (true, Ok(_)) => Ok(Verdict::passed()),
        (false, Ok(_)) => Ok(Verdict::warning(format!(
            "`explain` answers, but hosts do not get to know of it; {remedy}"
        ))),
        (false, Err(DispatchError::Runner(RunnerError::Unsupported { remedy, .. }))) => {
            match remedy.trim() {
                "" => Err(Verdict::failed(
                    "`Unsupported` says what to do instead",
                    "its remedy is empty",
                    "write it into `RunnerError::unsupported`",
                )),
                _ => Ok(Verdict::noted("it does not explain")),
            }
        }
        (true, Err(DispatchError::Runner(error @ RunnerError::Unsupported { .. }))) => {
            Err(Verdict::failed(
                "a runner that declares that it explains does so",
                error.to_string(),
                remedy,
            ))
        }
        (_, Err(error)) => Err(Verdict::of_dispatch("explain", &error)),
    }
}

fn agrees(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    // Of its own: the predictions of the shared evaluation are nobody's to count on.
    let place = subject.place()?;
    let silent = || Arc::new(Recorder::new(Level::Error));
    let (model, _) = subject.fit_in(&place, "model", silent())?;
    let request = subject.evaluate_model(&model, &place, "evaluation");
    if let Err(error) = subject.runner()?.call::<Evaluate>(&request, silent()) {
        return Err(Verdict::skipped(format!("evaluate fails: {error}")));
    }
    let Some(written) = predictions(&place.join("evaluation"))? else {
        return Ok(Verdict::skipped(format!(
            "evaluate writes no {PREDICTIONS} to compare with"
        )));
    };
    let asked = Asked::of(subject, &model, &place)?;
    let nothing = HashMap::new();
    let mut terms = 0;
    for protein in &asked.proteins {
        let explanation = asked
            .ask(protein, None)?
            .map_err(|error| Verdict::of_dispatch("explain", &error))?;
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
    let remedy = "explain by the code that `evaluate` predicts by";
    let differs = |seen: String| {
        Err(Verdict::failed(
            "the terms and scores that `evaluate` wrote are explained",
            seen,
            remedy,
        ))
    };
    if explanation.predicted != written.len() {
        return differs(format!(
            "for {protein}, {} terms were written, and {} are said to be predicted",
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
                    "{} of {protein} has the score {score}, and was {written}",
                    term.term
                ));
            }
        }
        if let Some(made_up) = term.reproduced()
            && (made_up - term.score).abs() > rounding
        {
            return Err(Verdict::failed(
                "base and contributions make up the score, in the way that `combination` says",
                format!(
                    "those of {} of {protein} make up {made_up}, its score is {}",
                    term.term, term.score
                ),
                "leave out no contribution that counts, and give amounts on the scale of the score",
            ));
        }
    }
    if explained != written.len() {
        return differs(format!(
            "for {protein}, {} terms were written, and {explained} are explained",
            written.len()
        ));
    }
    Ok(())
}

fn unknown(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    let fitted = subject.fitted()?;
    let asked = Asked::of(subject, &fitted.model_uri, &fitted.place)?;
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
                    format!("asked about {what} that is not there, `explain` answers `NotFound`"),
                    seen,
                    "answer `RunnerError::not_found` with what resembles it",
                ));
            }
            Err(error) => return Err(Verdict::of_dispatch("explain", &error)),
        }
    }
    Ok(Verdict::passed())
}

fn only_if_declared(subject: &Subject) -> Result<(), Verdict> {
    match subject.runner()?.capabilities().explains {
        true => Ok(()),
        false => Err(Verdict::skipped("the runner does not explain")),
    }
}

/// What was written to be predicted, by protein; none where there is no such file.
fn predictions(output: &Path) -> Result<Option<Written>, Verdict> {
    let text = match std::fs::read_to_string(output.join(PREDICTIONS)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_write(error)),
    };
    let mut written = Written::new();
    for line in text.lines() {
        let mut columns = line.split('\t');
        let (protein, term, score) = (columns.next(), columns.next(), columns.next());
        if let (Some(protein), Some(term), Some(score)) =
            (protein, term, score.and_then(|score| score.parse().ok()))
        {
            let terms = written.entry(protein.to_owned()).or_default();
            terms.insert(term.to_owned(), score);
        }
    }
    Ok(Some(written))
}
