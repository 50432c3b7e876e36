//! The request for a task whose last job ran out of time or memory.

use super::{super::documents::Resources, client::JobRow};

/// By how much a request grows.
const GROWTH: u64 = 2;

/// The request for a task: `base`, or more than `before` if its last job requested that and ran out.
pub(super) fn raised(base: &Resources, before: &Resources, row: &JobRow) -> Resources {
    let grown = |asked: Option<u64>, had: Option<u64>, ran_out: bool| {
        let amount = asked.or(had.filter(|_| ran_out))?;
        Some(if ran_out {
            amount.saturating_mul(GROWTH)
        } else {
            amount
        })
    };
    let time = grown(before.seconds, row.seconds, row.state == "TIMEOUT");
    let memory = grown(before.memory, row.memory, row.state == "OUT_OF_MEMORY");
    Resources {
        seconds: base.seconds.max(time),
        memory: base.memory.max(memory),
        cpus: base.cpus,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seconds: Option<u64>, memory: Option<u64>) -> Resources {
        Resources {
            seconds,
            memory,
            cpus: None,
        }
    }

    #[test]
    fn what_ran_out_is_doubled_and_stays_so() {
        let ended = |state: &str| JobRow {
            state: state.to_owned(),
            ..JobRow::forgotten()
        };
        let base = asked(Some(60), Some(100));
        for (state, before, expected) in [
            ("OUT_OF_MEMORY", base.clone(), asked(Some(60), Some(200))),
            (
                "TIMEOUT",
                asked(Some(60), Some(200)),
                asked(Some(120), Some(200)),
            ),
            (
                "FAILED",
                asked(Some(120), Some(200)),
                asked(Some(120), Some(200)),
            ),
            ("NODE_FAIL", base.clone(), base.clone()),
        ] {
            assert_eq!(raised(&base, &before, &ended(state)), expected, "{state}");
        }
        // Nothing was asked: what the site gave is doubled.
        let none = asked(None, None);
        let mut row = ended("TIMEOUT");
        (row.seconds, row.memory) = (Some(600), Some(1 << 30));
        assert_eq!(raised(&none, &none, &row), asked(Some(1200), None));
        row.state = "OUT_OF_MEMORY".to_owned();
        assert_eq!(raised(&none, &none, &row), asked(None, Some(2 << 30)));
    }
}
