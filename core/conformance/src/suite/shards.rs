//! Predictions from parts of the references.

use std::sync::Arc;

use protea_core::contracts::{Level, Predict, PredictRequest, PredictResult, ReferenceShard};
use url::Url;

use crate::{Checked, Subject, Verdict, recorder::Recorder, subject::SEED, written::bytes_of};

/// Into how many parts the references are split.
const COUNTS: [usize; 4] = [1, 2, 3, 7];
const REMEDY: &str = "write everything that the merge needs into a partial result, merge in an order that does not depend \
                      on the parts, and sum in the same order; or do not declare `splits_references`";

/// The predictions from the partial results of all parts are those of one call, byte for byte.
pub(super) fn shards(subject: &Subject) -> Checked {
    if !subject.runner()?.capabilities().splits_references {
        return Ok(Verdict::skipped("the runner does not split its references"));
    }
    let fitted = subject.fitted()?;
    let dir = subject.work_dir()?;
    let predict = |output: String, change: &dyn Fn(&mut PredictRequest)| {
        let mut request =
            PredictRequest::new(fitted.model_uri.clone(), dir.uri("eval"), dir.uri(&output));
        request.seed = SEED;
        request.run_id = "conformance".to_owned();
        change(&mut request);
        let silent = Arc::new(Recorder::new(Level::Error));
        let predicted = subject.runner()?.call::<Predict>(&request, silent);
        predicted.map_err(|error| Verdict::from_dispatch("predict", &error))
    };
    let whole = predict("whole".to_owned(), &|_| {})?;
    let expected = content(&whole)?;
    for count in COUNTS {
        let part = |index| {
            predict(format!("part-{index}-of-{count}"), &|request| {
                request.shard = Some(ReferenceShard { index, count });
            })
        };
        let parts = (0..count).map(part).collect::<Result<Vec<_>, _>>()?;
        let partials: Vec<Url> = parts.into_iter().map(|part| part.predictions_uri).collect();
        let merged = predict(format!("merged-{count}"), &|request| {
            request.partials.clone_from(&partials);
        })?;
        let found = content(&merged)?;
        if found != expected || merged.counts != whole.counts {
            return Err(Verdict::failed(
                format!(
                    "the predictions from {count} parts of the references are those of one call"
                ),
                difference(&expected, &found),
                REMEDY,
            ));
        }
    }
    Ok(Verdict::noted(format!(
        "{} predictions from up to {} parts",
        whole.counts.predictions,
        COUNTS[COUNTS.len() - 1]
    )))
}

fn content(predicted: &PredictResult) -> Result<Vec<u8>, Verdict> {
    bytes_of(&predicted.predictions_uri.to_file_path().unwrap_or_default())
}

fn difference(expected: &[u8], found: &[u8]) -> String {
    let line = |bytes: &[u8], number: usize| {
        let line = bytes
            .split(|byte| *byte == b'\n')
            .nth(number)
            .unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    };
    let lines = expected.split(|byte| *byte == b'\n').count();
    let first = (0..=lines).find(|number| line(expected, *number) != line(found, *number));
    match first {
        Some(number) => format!(
            "line {} is {:?} instead of {:?}",
            number + 1,
            line(found, number),
            line(expected, number)
        ),
        None => "the counts differ".to_owned(),
    }
}
