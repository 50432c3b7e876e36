//! `protea doctor`: what this machine has, what is missing, what needs it, and how to get it.

mod environment;
mod facts;
mod machine;
mod version;

use serde_json::json;

use self::facts::{Fact, State};
use crate::{
    args::DoctorArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, plural},
};

/// Shows what there is. Fails only if something that the user configured is broken.
pub fn doctor(args: &DoctorArgs, reporter: &Reporter) -> Result<Report, Failure> {
    reporter.start("checking");
    let mut facts = machine::facts();
    facts.extend(environment::facts(args));
    reporter.abandon();
    let mut text = String::new();
    for section in [
        "machine", "sandbox", "programs", "trackers", "storage", "runners",
    ] {
        let mut table = Table::new(0..0, [section, "", "found", "needed for"]);
        for fact in facts.iter().filter(|fact| fact.section == section) {
            table.row([
                fact.name.as_str(),
                fact.state.mark(),
                &fact.found,
                &fact.note,
            ]);
        }
        text.push_str(&table.to_string());
        text.push('\n');
    }
    let broken: Vec<&Fact> = facts
        .iter()
        .filter(|fact| fact.state == State::Broken)
        .collect();
    let missing = facts
        .iter()
        .filter(|fact| fact.state == State::Missing)
        .count();
    text.push_str(&format!(
        "{} missing, {} broken\n",
        plural(missing as u64, "thing"),
        broken.len()
    ));
    let report = Report {
        json: json!({
            "facts": facts.iter().map(Fact::json).collect::<Vec<_>>(),
            "broken": broken.iter().map(|fact| &fact.name).collect::<Vec<_>>(),
        }),
        text,
    };
    if broken.is_empty() {
        Ok(report)
    } else {
        Err(Failure::report_only(Exit::Failed, report))
    }
}
