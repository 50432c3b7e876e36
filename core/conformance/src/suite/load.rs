//! Opening the library: once, twice, from several threads, next to other runners.

use protea_core::{DispatchError, contracts::Capabilities, worker::WorkerError};

use super::{scope, writes::SURROUNDINGS};
use crate::{
    Checked, Subject, Verdict,
    fixture::Snapshot,
    sandbox::{End, Opening, Printed, Probed},
    subject::{blamed_on, cannot_write},
    test_names,
};

scope! {
    /// Opening the library.
    LoadTest {
        /// The library opens and the runner describes itself
        Opens = "load/opens" => opens,
        /// The library opens twice in one process and describes itself the same way
        Twice = "load/twice" => twice,
        /// The library opens from four threads at the same time
        AtOnce = "load/at-once" => at_once,
        /// Opening the library has no side effects: no output, no files, no processes, no changes to the process
        Quiet = "load/quiet" => quiet,
        /// A process that has used the library exits by itself with code 0
        Ends = "load/ends" => ends,
        /// The library opens in a process that has other runners open, and does not change them
        WithOthers = "load/with-others" => with_others,
    }
}

fn opens(subject: &Subject) -> Checked {
    let runner = match subject.descriptor_lies() {
        // It opens. Another test reports that it describes itself differently.
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
    alike(&said, "it describes itself differently the second time")
}

fn at_once(subject: &Subject) -> Checked {
    let said = said(
        subject,
        Opening::AtOnce(4),
        "opening it from four threads at once",
    )?;
    alike(
        &said,
        "it describes itself differently to different threads",
    )
}

fn with_others(subject: &Subject) -> Checked {
    if subject.others.is_empty() {
        return Ok(Verdict::skipped(
            "there is no other runner to load it with: give several files",
        ));
    }
    let opening = Opening::After(subject.others.clone());
    let said = said(subject, opening, "opening it next to other runners")?;
    let name = &subject.entry()?.descriptor.name;
    let own = said.iter().filter(|said| said.descriptor.name == *name);
    let own: Vec<Capabilities> = own.cloned().collect();
    if own.len() < 2 {
        return Err(Verdict::failed(
            format!("{name:?} answers under its name when other runners are open"),
            "another runner answers instead",
            "export only the symbols of `export_runner!`",
        ));
    }
    // Each of the others was opened before and after.
    for first in &said {
        let again = said
            .iter()
            .filter(|other| other.descriptor == first.descriptor);
        alike(
            &again.cloned().collect::<Vec<_>>(),
            "it changes how another runner describes itself",
        )?;
    }
    alike(
        &own,
        "it describes itself differently next to other runners",
    )
}

fn quiet(subject: &Subject) -> Checked {
    subject.runner()?;
    let dir = subject.empty_dir()?;
    for name in SURROUNDINGS {
        std::fs::create_dir_all(dir.join(name)).map_err(cannot_write)?;
    }
    let before = Snapshot::take(dir.path());
    let mut task = subject.task(Vec::new());
    task.settle = true;
    let probed = subject.probe(&task, &dir)?;
    let mut seen = before.changes(&Snapshot::take(dir.path()), |_| false);
    let mut threads = 0;
    if let (Some((usage, state)), End::Finished(last)) = (&probed.began, &probed.end) {
        seen.extend(last.state.changes(state));
        let started = last.usage.threads.zip(usage.threads);
        threads = started.map_or(0, |(after, before)| after.saturating_sub(before));
    }
    if probed.children > 0 {
        seen.push(format!("{} processes were started", probed.children));
    }
    if probed.printed.bytes > 0 {
        let Printed { bytes, first_line } = &probed.printed;
        seen.push(format!(
            "{bytes} bytes were printed, which begin with {first_line:?}"
        ));
    }
    let remedy = "run no code when the library is loaded (constructors of globals, `#[ctor]`); start in the first call";
    if !seen.is_empty() {
        return Err(Verdict::failed(
            "opening the library has no side effects",
            seen.join(", "),
            remedy,
        ));
    }
    match probed.end {
        End::Died(error) => Err(Verdict::from_dispatch("opening it", &error)),
        End::TimedOut => Err(Verdict::timed_out(
            "opening it",
            subject.settings.time_limit,
        )),
        // Numerical libraries start pools. A warning, as it slows down hosts that only list runners.
        _ if threads > 0 => Ok(Verdict::warning(format!(
            "opening it starts {threads} threads; {remedy}"
        ))),
        _ => Ok(Verdict::passed()),
    }
}

fn ends(subject: &Subject) -> Checked {
    let dir = subject.work_dir()?;
    let mut task = subject.task(subject.calls(&dir, "")?);
    task.leave = true;
    let probed = subject.probe(&task, &dir)?;
    let made = probed.answers.len() == task.calls.len();
    let doing = "the end of a process that has made its calls";
    let expected = "a process that has the library open returns from `main` and exits with code 0";
    let remedy = "do nothing that can fail in destructors of globals and in `atexit` functions";
    match probed.end {
        End::Finished(_) | End::Refused(_) => Ok(Verdict::passed()),
        End::Died(DispatchError::Worker(WorkerError::Exited { code, .. })) if made => Err(
            Verdict::failed(expected, format!("it exits with code {code}"), remedy),
        ),
        End::Died(error) if made => Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut if made => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
        // A call failed that succeeds alone; isolation/repeated reports it.
        End::Died(_) | End::TimedOut => Err(blamed_on(test_names::REPEATED, Verdict::passed())),
    }
}

fn said(subject: &Subject, opening: Opening, doing: &str) -> Result<Vec<Capabilities>, Verdict> {
    subject.runner()?;
    let mut task = subject.task(Vec::new());
    task.opening = opening;
    let dir = subject.empty_dir()?;
    let probed: Probed = subject.probe(&task, &dir)?;
    match probed.end {
        End::Finished(_) => {}
        End::Refused(reason) => {
            return Err(Verdict::failed(
                format!("{doing} succeeds"),
                reason,
                "keep no state in statics that breaks a second load",
            ));
        }
        End::Died(error) => return Err(Verdict::from_dispatch(doing, &error)),
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
            "the runner always describes itself the same way",
            otherwise,
            "make `metrics` and `Spec` depend only on the code",
        )),
    }
}
