//! Whether what is gathered is all that was planned, and nothing else.

use protea_core::{
    contracts::{PredictionCounts, ReferenceShard},
    engine::{EngineError, PlanDirectory, PlannedPrediction, Task, TaskStatus},
    store,
};

use crate::{
    commands::predict::{model::Model, queries::Queries},
    exit::Exit,
    failure::Failure,
};

/// Fails if the tasks are not all of the plan: each part of the queries with each part of the references,
/// where the parts of the queries follow each other. Returns how many queries they have.
pub(super) fn check_tasks(
    plan: &PlanDirectory,
    tasks: &[Task],
    groups: &[Vec<(&Task, &TaskStatus)>],
) -> Result<usize, Failure> {
    let planned = planned(plan)?;
    let total = plan.plan().total;
    if tasks.len() != total {
        let reason = format!("the plan has {total} tasks, and {} are listed", tasks.len());
        return Err(incomplete(plan, reason));
    }
    if groups.len() != planned.query_shards {
        let reason = format!(
            "the plan has {} parts of the proteins, and the tasks have {}",
            planned.query_shards,
            groups.len()
        );
        return Err(incomplete(plan, reason));
    }
    let mut end = 0;
    for group in groups {
        let mut rows = end..end;
        for (index, (task, _)) in group.iter().enumerate() {
            let wrong = |what: &str| {
                let reason = format!("the task {} ({}) {what}", task.index, task.name);
                incomplete(plan, reason)
            };
            let Some(part) = &task.prediction else {
                return Err(wrong("is not one of a prediction"));
            };
            if index == 0 {
                rows = part.rows.clone();
            }
            let count = planned.reference_shards;
            let expected = (count > 1).then_some(ReferenceShard { index, count });
            if rows.start != end || part.rows != rows || rows.end < rows.start {
                return Err(wrong("has proteins that do not follow those of the others"));
            }
            if part.references != expected || group.len() != count {
                return Err(wrong("is not there once for each part of the references"));
            }
            if part.model_sha256 != planned.model_sha256
                || part.all_queries != planned.queries.sha256
            {
                return Err(wrong("is about another model or other proteins"));
            }
        }
        end = rows.end;
    }
    Ok(end)
}

/// Fails if the command finds another model now than when it was planned.
pub(super) fn check_model(plan: &PlanDirectory, model: &Model) -> Result<(), Failure> {
    let planned = &planned(plan)?.model;
    if model.uri == *planned {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Input,
        format!(
            "the planned command now selects the model {}, but the plan was made with {}; plan again",
            store::redacted(&model.uri),
            store::redacted(planned)
        ),
    ))
}

/// Fails if the queries are not those of the plan, or the tasks have not all of them.
pub(super) fn check_queries(
    plan: &PlanDirectory,
    queries: &Queries,
    in_tasks: usize,
) -> Result<(), Failure> {
    let planned = &planned(plan)?.queries;
    let found = queries.frozen.sha256();
    if found != planned.sha256 {
        return Err(EngineError::DatasetChanged {
            uri: store::redacted(&planned.uri),
            found: Box::new(found),
            expected: Box::new(planned.sha256),
        }
        .into());
    }
    let len = queries.frozen.len();
    if len != in_tasks {
        let reason = format!("its tasks have {in_tasks} proteins, and the dataset has {len}");
        return Err(incomplete(plan, reason));
    }
    Ok(())
}

/// Fails if the predictions for a part are not about all its proteins.
pub(super) fn check_counts(
    group: &[(&Task, &TaskStatus)],
    counts: &PredictionCounts,
) -> Result<(), Failure> {
    let Some((task, part)) = group
        .first()
        .and_then(|(task, _)| Some((task, task.prediction.as_ref()?)))
    else {
        return Ok(());
    };
    let proteins = part.rows.len() as u64;
    if counts.proteins == proteins {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Input,
        format!(
            "the result of the task {} ({}) is about {} proteins, and the task has {proteins}",
            task.index, task.name, counts.proteins
        ),
    ))
}

fn planned(plan: &PlanDirectory) -> Result<&PlannedPrediction, Failure> {
    let planned = plan.plan().prediction.as_ref();
    planned.ok_or_else(|| incomplete(plan, "it is not of a prediction".to_owned()))
}

fn incomplete(plan: &PlanDirectory, reason: String) -> Failure {
    let path = plan.path().to_owned();
    EngineError::Document { path, reason }.into()
}
