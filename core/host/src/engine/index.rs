//! The index of a task in the environment that a scheduler gives its jobs.

use std::env;

/// A variable that a scheduler sets to the index of a job in its array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexVariable {
    /// The variable.
    pub name: &'static str,
    /// The index of the first job of an array.
    pub first: usize,
}

const SLURM: &str = "SLURM_ARRAY_TASK_ID";

/// The known variables. A scheduler that runs within another one comes before that one.
pub const INDEX_VARIABLES: [IndexVariable; 8] = [
    variable("HQ_TASK_ID", 0),
    variable(SLURM, 0),
    variable("PBS_ARRAY_INDEX", 0),
    // Torque.
    variable("PBS_ARRAYID", 0),
    variable("SGE_TASK_ID", 1),
    variable("LSB_JOBINDEX", 1),
    variable("JOB_COMPLETION_INDEX", 0),
    variable("AWS_BATCH_JOB_ARRAY_INDEX", 0),
];

const fn variable(name: &'static str, first: usize) -> IndexVariable {
    IndexVariable { name, first }
}

/// Why the environment has no index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// No variable is set.
    #[error("no scheduler has set the index of a task ({})", INDEX_VARIABLES.map(|v| v.name).join(", "))]
    Missing,
    /// A variable has a value that is not an index.
    #[error("{name}={value:?} is not the index of a task; the first is {first}")]
    Value {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// The index of the first task.
        first: usize,
    },
    /// The array starts elsewhere than is expected.
    #[error("the array has the indices {first} to {last}, and the plan needs 0 to {}", last - first)]
    Start {
        /// The index of the first job.
        first: usize,
        /// The index of the last job.
        last: usize,
    },
}

/// The index, from 0, that a scheduler has set. `first` replaces the index that the first job of the
/// array is expected to have.
///
/// # Errors
///
/// [`IndexError`].
pub fn index_from_environment(first: Option<usize>) -> Result<usize, IndexError> {
    index_from(|name| env::var(name).ok(), first)
}

/// Checks that an array of Slurm with as many jobs as the plan has indices starts from 0. If it counts
/// from 1, one task would never be done. An array with fewer jobs can be one for some tasks.
///
/// # Errors
///
/// [`IndexError::Start`].
pub fn check_array_start(indices: usize) -> Result<(), IndexError> {
    check_start(|name| env::var(name).ok(), indices)
}

fn check_start(
    variable: impl Fn(&str) -> Option<String>,
    indices: usize,
) -> Result<(), IndexError> {
    let is_of_slurm = index_variable(&variable).is_some_and(|(known, _)| known.name == SLURM);
    let number = |name| variable(name)?.trim().parse::<usize>().ok();
    match (
        number("SLURM_ARRAY_TASK_MIN"),
        number("SLURM_ARRAY_TASK_MAX"),
        number("SLURM_ARRAY_TASK_COUNT"),
    ) {
        (Some(first @ 1..), Some(last), Some(count))
            if is_of_slurm && count == indices && last.checked_sub(first) == Some(count - 1) =>
        {
            Err(IndexError::Start { first, last })
        }
        _ => Ok(()),
    }
}

/// The variable that gives the index, and its value.
fn index_variable(variable: impl Fn(&str) -> Option<String>) -> Option<(IndexVariable, String)> {
    let known = INDEX_VARIABLES.into_iter();
    known
        .filter_map(|known| Some((known, variable(known.name)?)))
        .next()
}

fn index_from(
    variable: impl Fn(&str) -> Option<String>,
    first: Option<usize>,
) -> Result<usize, IndexError> {
    for known in INDEX_VARIABLES {
        let Some(value) = variable(known.name) else {
            continue;
        };
        // What SGE and LSF set for a job that is not in an array.
        let is_none = match known.name {
            "SGE_TASK_ID" => value == "undefined",
            "LSB_JOBINDEX" => value == "0" && first != Some(0),
            _ => value.is_empty(),
        };
        if is_none {
            continue;
        }
        let first = first.unwrap_or(known.first);
        let number = value.trim().parse::<usize>().ok();
        return number
            .and_then(|number| number.checked_sub(first))
            .ok_or(IndexError::Value {
                name: known.name,
                value,
                first,
            });
    }
    Err(IndexError::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)], first: Option<usize>) -> Result<usize, IndexError> {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        index_from(find, first)
    }

    #[test]
    fn schedulers_count_from_zero_or_one() {
        assert_eq!(from(&[("SLURM_ARRAY_TASK_ID", "7")], None), Ok(7));
        assert_eq!(from(&[("SLURM_ARRAY_TASK_ID", "7")], Some(1)), Ok(6));
        assert_eq!(from(&[("PBS_ARRAY_INDEX", "0")], None), Ok(0));
        assert_eq!(from(&[("SGE_TASK_ID", "1")], None), Ok(0));
        assert_eq!(from(&[("LSB_JOBINDEX", "3")], None), Ok(2));
        assert_eq!(from(&[("JOB_COMPLETION_INDEX", "4")], None), Ok(4));
        assert_eq!(from(&[("AWS_BATCH_JOB_ARRAY_INDEX", "5")], None), Ok(5));
        assert_eq!(from(&[("PBS_ARRAYID", "6")], None), Ok(6));
        // HyperQueue's workers run in a job of another scheduler.
        let nested = [("SLURM_ARRAY_TASK_ID", "0"), ("HQ_TASK_ID", "9")];
        assert_eq!(from(&nested, None), Ok(9));
    }

    #[test]
    fn an_array_of_slurm_that_counts_from_one_is_noticed() {
        let check = |first: &'static str, last: &'static str, count: &'static str, id, indices| {
            let variable = move |name: &str| match name {
                "SLURM_ARRAY_TASK_MIN" => Some(first.to_owned()),
                "SLURM_ARRAY_TASK_MAX" => Some(last.to_owned()),
                "SLURM_ARRAY_TASK_COUNT" => Some(count.to_owned()),
                name if name == id => Some("1".to_owned()),
                _ => None,
            };
            check_start(variable, indices)
        };
        let found = check("1", "40", "40", SLURM, 40);
        assert_eq!(found, Err(IndexError::Start { first: 1, last: 40 }));
        for (first, last, count, id, indices) in [
            ("0", "39", "40", SLURM, 40),
            // Some tasks of a plan.
            ("1", "40", "40", SLURM, 41),
            ("1", "79", "40", SLURM, 40),
            ("3", "9", "2", SLURM, 40),
            // HyperQueue runs within the array.
            ("1", "40", "40", "HQ_TASK_ID", 40),
        ] {
            assert_eq!(
                check(first, last, count, id, indices),
                Ok(()),
                "{first} {last}"
            );
        }
    }

    #[test]
    fn a_job_outside_of_an_array_has_no_index() {
        let outside = [("SGE_TASK_ID", "undefined"), ("LSB_JOBINDEX", "0")];
        assert_eq!(from(&outside, None), Err(IndexError::Missing));
        assert_eq!(from(&[], None), Err(IndexError::Missing));
        for value in ["x", "-1", "", "1.5"] {
            let given = from(&[("JOB_COMPLETION_INDEX", value)], None);
            assert!(given.is_err(), "{value:?}");
        }
        assert!(from(&[("SGE_TASK_ID", "0")], None).is_err());
    }
}
