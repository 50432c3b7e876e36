//! Opening the library: alone, again, at the same time, with others.

use protea_core::contracts::Capabilities;

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    sandbox::{End, Opening, Probed},
};

scope! {
    /// Opening the library.
    LoadTest {
        /// The library opens and the runner describes itself
        Opens = "load/opens" => opens,
        /// It opens again in the same process and says the same
        Twice = "load/twice" => twice,
        /// It opens from four threads at the same time
        AtOnce = "load/at-once" => at_once,
        /// It opens in a process that has other runners open, and leaves them as they are
        WithOthers = "load/with-others" => with_others,
    }
}

fn opens(subject: &Subject) -> Checked {
    let runner = match subject.descriptor_lies() {
        // It opens; what it says then is another test's business.
        true => subject.runner()?,
        false => subject.load()?,
    };
    Ok(Verdict::noted(format!(
        "{} metrics declared",
        runner.capabilities().metrics.metrics.len()
    )))
}

fn twice(subject: &Subject) -> Checked {
    let said = said(subject, Opening::Repeated(2), "opening it twice")?;
    alike(&said, "the second time it says something else of itself")
}

fn at_once(subject: &Subject) -> Checked {
    let said = said(
        subject,
        Opening::AtOnce(4),
        "opening it from four threads at once",
    )?;
    alike(&said, "threads are told different things")
}

fn with_others(subject: &Subject) -> Checked {
    if subject.others.is_empty() {
        return Ok(Verdict::skipped(
            "no other runner to load it with: check several files at once",
        ));
    }
    let opening = Opening::After(subject.others.clone());
    let said = said(subject, opening, "opening it beside other runners")?;
    let name = &subject.entry()?.descriptor.name;
    let own = said.iter().filter(|said| said.descriptor.name == *name);
    let own: Vec<Capabilities> = own.cloned().collect();
    if own.len() < 2 {
        return Err(Verdict::failed(
            format!("{name:?} is {name:?} also where others are open"),
            "another runner answers in its place",
            "export no symbols but those of `export_runner!`",
        ));
    }
    // Each of the others was opened before and after.
    for first in &said {
        let again = said
            .iter()
            .filter(|other| other.descriptor == first.descriptor);
        alike(
            &again.cloned().collect::<Vec<_>>(),
            "another runner is changed by it",
        )?;
    }
    alike(&own, "it says something else of itself beside others")
}

fn said(subject: &Subject, opening: Opening, doing: &str) -> Result<Vec<Capabilities>, Verdict> {
    subject.runner()?;
    let mut task = subject.task(Vec::new());
    task.opening = opening;
    let place = crate::fixture::Place::empty().map_err(crate::subject::cannot_write)?;
    let probed: Probed = subject.probe(&task, &place)?;
    match probed.end {
        End::Finished(_) => {}
        End::Refused(reason) => {
            return Err(Verdict::failed(
                format!("{doing} succeeds"),
                reason,
                "keep no state in statics that a second load upsets",
            ));
        }
        End::Died(error) => return Err(Verdict::of_dispatch(doing, &error)),
        End::TimedOut => {
            return Err(Verdict::timed_out(doing, subject.settings.time_limit));
        }
    }
    Ok(probed.opened.map(|(said, _)| said).unwrap_or_default())
}

fn alike(said: &[Capabilities], otherwise: &str) -> Checked {
    match said.windows(2).find(|pair| pair[0] != pair[1]) {
        None => Ok(Verdict::passed()),
        Some(_) => Err(Verdict::failed(
            "the runner says the same of itself whenever it is asked",
            otherwise,
            "let `metrics` and `Spec` depend on nothing but the code",
        )),
    }
}
