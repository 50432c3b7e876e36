//! Opening the library: alone, again, at the same time, with others.

use protea_core::{DispatchError, contracts::Capabilities, worker::WorkerError};

use super::{scope, writes::SURROUNDINGS};
use crate::{
    Checked, Subject, Verdict,
    fixture::{Place, Snapshot},
    prerequisites::REPEATED,
    sandbox::{End, Opening, Probed},
    subject::{blamed_on, cannot_write},
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
        /// Opening it does nothing else: it prints, writes, starts and changes nothing
        Quiet = "load/quiet" => quiet,
        /// A process that has used it ends by itself, and cleanly
        Ends = "load/ends" => ends,
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

fn quiet(subject: &Subject) -> Checked {
    subject.runner()?;
    let place = Place::empty().map_err(cannot_write)?;
    for name in SURROUNDINGS {
        std::fs::create_dir_all(place.join(name)).map_err(cannot_write)?;
    }
    let before = Snapshot::of(place.path());
    let mut task = subject.task(Vec::new());
    task.settle = true;
    let probed = subject.probe(&task, &place)?;
    let mut seen = before.changes(&Snapshot::of(place.path()), |_| false);
    let mut threads = 0;
    if let (Some((usage, state)), End::Finished(last)) = (&probed.began, &probed.end) {
        seen.extend(last.state.changes(state));
        let started = last.usage.threads.zip(usage.threads);
        threads = started.map_or(0, |(after, before)| after.saturating_sub(before));
    }
    if probed.children > 0 {
        seen.push(format!("{} processes were started", probed.children));
    }
    if probed.printed > 0 {
        seen.push(format!("{} bytes were printed", probed.printed));
    }
    let remedy = "run nothing when the library is loaded (constructors of globals, `#[ctor]`): begin in the first call";
    if !seen.is_empty() {
        return Err(Verdict::failed(
            "opening the library does nothing but make it known",
            seen.join(", "),
            remedy,
        ));
    }
    match probed.end {
        End::Died(error) => Err(Verdict::of_dispatch("opening it", &error)),
        End::TimedOut => Err(Verdict::timed_out(
            "opening it",
            subject.settings.time_limit,
        )),
        // A pool of an arithmetic library does so; it costs every host that only lists what there is.
        _ if threads > 0 => Ok(Verdict::warning(format!(
            "opening it starts {threads} threads; {remedy}"
        ))),
        _ => Ok(Verdict::passed()),
    }
}

fn ends(subject: &Subject) -> Checked {
    let place = subject.place()?;
    let mut task = subject.task(subject.calls(&place, "")?);
    task.leave = true;
    let probed = subject.probe(&task, &place)?;
    let made = probed.answers.len() == task.calls.len();
    let doing = "the end of a process that has made its calls";
    let expected = "a process that has the library open returns from `main` and ends with code 0";
    let remedy = "let destructors of globals and `atexit` functions do nothing that can fail";
    match probed.end {
        End::Finished(_) | End::Refused(_) => Ok(Verdict::passed()),
        End::Died(DispatchError::Worker(WorkerError::Exited { code, .. })) if made => Err(
            Verdict::failed(expected, format!("it ends with code {code}"), remedy),
        ),
        End::Died(error) if made => Err(Verdict::of_dispatch(doing, &error)),
        End::TimedOut if made => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
        // A call that succeeds alone and not after others.
        End::Died(_) | End::TimedOut => Err(blamed_on(REPEATED, Verdict::passed())),
    }
}

fn said(subject: &Subject, opening: Opening, doing: &str) -> Result<Vec<Capabilities>, Verdict> {
    subject.runner()?;
    let mut task = subject.task(Vec::new());
    task.opening = opening;
    let place = Place::empty().map_err(cannot_write)?;
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
    Ok(probed.opened.map(|(said, ..)| said).unwrap_or_default())
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
