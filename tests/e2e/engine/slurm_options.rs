//! Options for Slurm, which it may refuse, and plans that grow with them; a Slurm that is away.

use std::{fs, path::Path};

use protea_e2e::{Ran, built, slurm::Slurm};

use super::{
    exported::{GENERATIONS, executable},
    records::same_by_engine,
    setup::{Planned, until},
};

#[test]
fn a_plan_that_grows_keeps_the_options_slurm_accepted() {
    let Some(slurm) = Slurm::start() else { return };
    let planned = Planned::new();
    let starts = planned.place.join("starts");
    let noted = [("PARABOLA_STARTS", starts.to_str().unwrap())];
    let local = planned
        .protea(&format!("{GENERATIONS} --workspace local"))
        .json();
    let command =
        format!("{GENERATIONS} --workspace w --plan plan --engine slurm --slurm per-index=5");
    let with = |words: &str, option: &str| planned.on(&slurm, &format!("{words} {option}"), &noted);
    with(&command, "--slurm bogus-option=3")
        .fails_with(1, &["bogus-option", "the plan is written"]);
    let resume = "engine resume plan --json --quiet";
    with(resume, "--slurm partition=nope").fails_with(1, &["partition", "--slurm KEY="]);
    // Neither is kept. Held, so that an option can be changed before the next generation.
    let submitted = with(&command, "--slurm comment=first --slurm hold").json();
    assert_eq!(submitted["submitted"], 10);
    assert_eq!(submitted["jobs"].as_array().unwrap().len(), 1);
    planned.on(&slurm, "engine cancel plan", &[]).succeeds();
    let submitted = with(resume, "--slurm hold= --slurm comment=second").json();
    assert_eq!(submitted["submitted"], 10, "{submitted}");
    until("the last generation is gathered", || {
        planned.place.join("plan/gathered.json").exists()
    });
    let gathered = planned.protea("gather plan --json --quiet").json();
    same_by_engine(&local, &gathered, &planned.place);
    let begun = fs::read_to_string(&starts).unwrap();
    assert_eq!(begun.lines().count(), 15, "each was begun once");
    let shown = slurm.said("scontrol", &["-o", "show", "job"]);
    // Three arrays of two, one and one jobs, and a job that gathers after each.
    assert_eq!(shown.matches("Comment=second").count(), 7, "{shown}");
}

#[test]
fn a_controller_that_is_away_can_be_asked_later() {
    let planned = Planned::new();
    let programs = planned.place.join("programs");
    fs::create_dir(&programs).unwrap();
    for (name, script) in [
        ("sbatch", "#!/bin/sh\necho slurm 22.05.8\n"),
        (
            "scontrol",
            "#!/bin/sh\necho 'slurm_load_ctl_conf error: Unable to contact slurm controller \
             (connect failure)' >&2\nexit 1\n",
        ),
    ] {
        executable(&planned.place.write(&format!("programs/{name}"), script));
    }
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let words = "search parabola --runner-dir runners --grid x=0.1 --workspace w --plan plan --quiet \
                 --engine slurm --slurm comment=x";
    let away = [
        "Unable to contact slurm controller",
        "the plan is written",
        "repeat this command",
    ];
    for words in [words, "engine resume plan --engine slurm --quiet"] {
        planned
            .protea_with(words, &[("PATH", &path)])
            .fails_with(75, &away);
    }
    assert!(planned.place.join("plan/plan.json").exists());
    planned.protea("engine resume plan --quiet").succeeds();
}

#[test]
fn without_slurm_the_program_is_named() {
    let planned = Planned::new();
    let words =
        "search parabola --runner-dir runners --grid x=0.1 --workspace w --plan plan --quiet";
    let empty = planned.place.join("runners");
    let path = [("PATH", empty.to_str().unwrap())];
    let mut command = planned.place.command(&built().join("protea"));
    command
        .args(words.split_whitespace())
        .args(["--engine", "slurm"])
        .envs(path);
    let ran = Ran::from(command.output().unwrap());
    ran.fails_with(1, &["sbatch is not on the PATH", "--engine local"]);
    assert!(Path::new(&planned.place.join("plan/plan.json")).exists());
    planned.protea("engine resume plan --quiet").succeeds();
    let refused = planned.protea(&format!("{words} --engine slurm --slurm output=x"));
    refused.fails_with(2, &["output is set by protea"]);
}
