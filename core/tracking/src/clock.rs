//! The time of the system.

use std::time::SystemTime;

use jiff::Timestamp;

/// The time of the system; the last or first second of the calendar (the years 9999 and -9999) if the
/// clock of the system is beyond it.
#[must_use]
pub fn now() -> Timestamp {
    in_calendar(SystemTime::now())
}

fn in_calendar(time: SystemTime) -> Timestamp {
    let bound = if time > SystemTime::UNIX_EPOCH {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    Timestamp::try_from(time).unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_beyond_the_calendar_has_its_last_second() {
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        let epoch = SystemTime::UNIX_EPOCH;
        assert_eq!(in_calendar(epoch + 90 * century), Timestamp::MAX);
        assert_eq!(in_calendar(epoch - 130 * century), Timestamp::MIN);
        assert_eq!(
            in_calendar(epoch + century).to_string(),
            "2069-12-07T00:00:00Z"
        );
        // What is made of it does not end the process.
        assert!(
            Timestamp::MAX
                .strftime("%Y%m%dT%H%M%SZ")
                .to_string()
                .starts_with("9999")
        );
    }
}
