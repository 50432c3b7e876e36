//! `protea new-run`, `protea bind-tracker`.

use protea_core::{
    Workspace,
    backends::{IfBound, bind_tracker},
    workspace::Job,
};
use serde_json::{Map, Value, json};

use super::{runs, tracking::connection};
use crate::{
    args::{BindTrackerArgs, NewRunArgs},
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, display_path},
};

/// Creates the job of a state point.
pub fn new_run(args: &NewRunArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let mut state_point = Map::from_iter([("experiment".to_owned(), json!(args.experiment))]);
    if let Some(hypothesis) = &args.hypothesis {
        state_point.insert("hypothesis".to_owned(), json!(hypothesis));
    }
    for pair in args.state_point.iter().flat_map(|list| pairs(list)) {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::new(
                Exit::Usage,
                format!("--sp {pair:?} is not KEY=VALUE; write for example --sp seed=0"),
            ));
        };
        let digits = value.strip_prefix('-').unwrap_or(value);
        let value = match serde_json::from_str(value) {
            // As a double it would lose digits, and signac would compute another job id.
            Ok(Value::Number(number)) if number.is_f64() && is_integer(digits) => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!(
                        "--sp {pair:?}: the integer has more than 64 bits; quote it to make it a string"
                    ),
                ));
            }
            Ok(value) => value,
            Err(_) => json!(value),
        };
        if state_point.insert(key.to_owned(), value).is_some() {
            return Err(Failure::new(
                Exit::Usage,
                format!("{key:?} is in the state point twice; give it once"),
            ));
        }
    }
    let workspace = Workspace::open(&args.workspace.workspace)?;
    let job = workspace.job(&state_point)?;
    reporter.note(&format!("the job is in {}", display_path(job.directory())));
    Ok(Report {
        text: format!("{}\n", job.id()),
        json: job_json(&job, &state_point),
    })
}

/// Splits `a=1,b=[2,3]` into `a=1` and `b=[2,3]`: commas inside brackets do not separate pairs.
fn pairs(list: &str) -> Vec<String> {
    let mut pairs: Vec<String> = Vec::new();
    for part in list.split(',') {
        let is_open = |pair: &String| {
            let count = |characters: [char; 2]| pair.matches(characters).count();
            count(['[', '{']) > count([']', '}'])
        };
        match pairs.last_mut().filter(|last| is_open(last)) {
            Some(last) => {
                last.push(',');
                last.push_str(part);
            }
            None => pairs.push(part.to_owned()),
        }
    }
    pairs
}

fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Binds a job to a run of a backend.
pub fn bind(args: &BindTrackerArgs) -> Result<Report, Failure> {
    let workspace = runs::workspace(&args.workspace)?;
    let job = workspace.find_job(&args.job)?;
    let project = args.project.as_deref();
    let bound = bind_tracker(
        &workspace,
        &job,
        &args.backend,
        project,
        connection(args.offline),
        if args.rebind {
            IfBound::Replace
        } else {
            IfBound::Keep
        },
    )?;
    let mut lines = Lines::default();
    lines.add("job", job.id().as_str());
    lines.add("backend", &bound.backend);
    lines.add("run", &bound.run_id);
    for (label, value) in [
        ("project", &bound.project),
        ("group", &bound.group),
        ("url", &bound.url),
    ] {
        if let Some(value) = value {
            lines.add(label, value);
        }
    }
    let mut json = job_json(&job, &job.state_point()?);
    json["tracker"] = json!(bound);
    Ok(Report {
        text: lines.to_string(),
        json,
    })
}

fn job_json(job: &Job, state_point: &Map<String, Value>) -> Value {
    json!({
        "job_id": job.id(),
        "directory": job.directory().to_string_lossy(),
        "state_point": state_point,
    })
}
