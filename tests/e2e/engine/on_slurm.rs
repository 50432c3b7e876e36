//! Plans on a real cluster of Slurm, which runs on this machine.

use std::{fs, path::Path};

use protea_e2e::{Ran, built, slurm::Slurm};
use serde_json::Value;

use super::{
    records::normal,
    setup::{Planned, until},
};

/// 40 trials. Two to an index, and 15 indices to an array, they are two arrays.
const GRID: &str = "search parabola --runner-dir runners --grid x=0.05,0.15,0.25,0.3,0.45,0.55,0.65,0.75 \
                    --grid n=1,4,7,10,13 --quiet --json";

impl Planned {
    /// Runs `protea` as a user of the cluster.
    fn on(&self, slurm: &Slurm, words: &str, variables: &[(&str, &str)]) -> Ran {
        let (name, value) = slurm.configuration();
        let mut command = self.place.command(&built().join("protea"));
        command.args(words.split_whitespace()).env(name, value);
        Ran::from(command.envs(variables.iter().copied()).output().unwrap())
    }

    fn engine_status(&self, slurm: &Slurm) -> Value {
        self.on(slurm, "engine status plan --json --quiet", &[])
            .json()
    }

    fn finished(&self, slurm: &Slurm) -> u64 {
        self.engine_status(slurm)["counts"]["finished"]
            .as_u64()
            .unwrap_or(0)
    }

    /// How often a task was begun: one line of the log of a job for each result, and results.
    fn begun(&self) -> usize {
        let logs = self
            .names("logs")
            .into_iter()
            .filter(|name| name.contains('_'));
        let text =
            |name: String| fs::read_to_string(self.place.join("plan/logs").join(name)).unwrap();
        logs.map(|name| text(name).matches("): finished\n").count())
            .sum()
    }
}

#[test]
fn a_grid_on_slurm_is_the_local_one() {
    let Some(slurm) = Slurm::start() else { return };
    let planned = Planned::new();
    let local = planned.protea(&format!("{GRID} --workspace local")).json();
    let command = format!(
        "{GRID} --workspace w --plan plan --engine slurm --slurm throttle=6 --slurm per-index=2 \
         --slurm comment=grid --slurm mem=100M"
    );
    let submitted = planned.on(&slurm, &command, &[]).json();
    assert_eq!(
        (
            &submitted["submitted"],
            submitted["jobs"].as_array().unwrap().len()
        ),
        (&40.into(), 2)
    );
    // The same command again: nothing is submitted twice.
    let again = planned.on(&slurm, &command, &[]).json();
    let job = submitted["jobs"][0].as_str().unwrap();
    let shown = slurm.said("scontrol", &["-o", "show", "job", job]);
    assert!(
        shown.contains("Comment=grid") && shown.contains("ArrayTaskThrottle=6"),
        "{shown}"
    );
    slurm.restart_controller();
    until("the gather job records", || {
        planned.place.join("plan/gathered.json").exists()
    });
    let gathered = planned.protea("gather plan --json --quiet").json();
    let text = |value: &Value, workspace: &str| {
        let root = planned.place.path().to_str().unwrap();
        let text = normal(value.clone()).to_string();
        text.replace(&format!("{root}/{workspace}"), "W")
            .replace(&format!("{workspace}/"), "W/")
    };
    assert_eq!(text(&local, "local"), text(&gathered, "w"));
    assert_eq!(planned.finished(&slurm), 40);
    assert_eq!(planned.begun(), 40, "nothing was done twice");
    assert!(again["submitted"].as_u64().unwrap() == 0, "{again}");
    let log = planned.on(&slurm, "engine logs plan 3", &[]);
    assert!(log.stdout.contains("task 3 ("), "{log:?}");
    planned
        .on(&slurm, "engine logs plan 40", &[])
        .fails_with(3, &["no task 40"]);
}

#[test]
fn what_slurm_lost_is_done_by_resume() {
    let Some(slurm) = Slurm::start() else { return };
    let planned = Planned::new();
    let search = "search parabola --runner-dir runners --grid x=0.1,0.2,0.3,0.4,0.5 --workspace w \
                  --plan plan --engine slurm --slurm time=1 --json --quiet";
    // Those with x above 0.35 do not end.
    planned
        .on(&slurm, search, &[("PARABOLA_HOLDS", "1")])
        .succeeds();
    until("three have results, two are held", || {
        let status = planned.engine_status(&slurm);
        (&status["counts"]["finished"], &status["counts"]["claimed"]) == (&3.into(), &2.into())
    });
    for node in protea_e2e::slurm::NODES {
        slurm.kill_node(node);
    }
    let claim: Value = serde_json::from_slice(&fs::read(planned.claim_of(3)).unwrap()).unwrap();
    let pid = claim["holder"]["pid"].to_string();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status();
    assert!(killed.unwrap().success());
    for node in protea_e2e::slurm::NODES {
        slurm.start_node(node).unwrap();
    }
    let lost = |status: &Value, task: usize| status["tasks"][task]["job"]["state"].clone();
    until("the killed job has ended", || {
        lost(&planned.engine_status(&slurm), 3) == "FAILED"
    });
    let status = planned.engine_status(&slurm);
    let reason = status["tasks"][3]["reason"].as_str().unwrap();
    assert!(reason.contains("0:9"), "{reason}");
    // Slurm ends the other one within two minutes.
    until("the other is ended by its time limit", || {
        let status = planned.engine_status(&slurm);
        status["counts"].get("claimed").is_none() && status["counts"].get("scheduled").is_none()
    });
    let resumed = planned.on(&slurm, "engine resume plan --json", &[]).json();
    assert_eq!(resumed["submitted"], 2, "{resumed}");
    assert!(
        resumed["notes"][0]
            .as_str()
            .unwrap()
            .contains("1 tasks ask for more time"),
        "{resumed}"
    );
    until("the gather job records", || {
        planned.place.join("plan/gathered.json").exists()
    });
    assert_eq!(planned.begun(), 5, "nothing was done twice");
    let none = planned.on(&slurm, "engine resume plan --json", &[]).json();
    assert_eq!(
        (&none["submitted"], &none["gather"]),
        (&0.into(), &Value::Null)
    );
}

#[test]
fn a_cancelled_plan_is_resumed_elsewhere() {
    let Some(slurm) = Slurm::start() else { return };
    let planned = Planned::new();
    let search = "search parabola --runner-dir runners --grid x=0.4,0.5 --workspace w --plan plan \
                  --engine slurm --json --quiet";
    planned
        .on(&slurm, search, &[("PARABOLA_HOLDS", "1")])
        .succeeds();
    until("both are held", || {
        planned.engine_status(&slurm)["counts"]["claimed"] == 2
    });
    planned.on(&slurm, "engine cancel plan", &[]).succeeds();
    planned
        .on(&slurm, "engine status plan --watch --quiet", &[])
        .succeeds();
    assert_eq!(planned.names("results"), [""; 0]);
    planned
        .protea("engine resume plan --engine local --quiet")
        .succeeds();
    assert_eq!(planned.names("results").len(), 2);
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
