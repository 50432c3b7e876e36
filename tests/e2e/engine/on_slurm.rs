//! Plans on a real cluster of Slurm, which runs on this machine.

use std::{fs, process::Command};

use protea_e2e::{
    Ran, built,
    slurm::{Accounting, Slurm},
};
use serde_json::Value;

use super::{
    exported::{Exported, GENERATIONS},
    records::normal,
    setup::{Planned, until},
};

/// 40 trials. Two to an index, and 15 indices to an array, they are two arrays.
const GRID: &str = "search parabola --runner-dir runners --grid x=0.05,0.15,0.25,0.3,0.45,0.55,0.65,0.75 \
                    --grid n=1,4,7,10,13 --quiet --json";

impl Planned {
    /// Runs `protea` as a user of the cluster.
    pub fn on(&self, slurm: &Slurm, words: &str, variables: &[(&str, &str)]) -> Ran {
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

    /// How many tasks say in the logs of their jobs that they finished.
    fn finishes(&self) -> usize {
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
    let starts = planned.place.join("starts");
    let local = planned.protea(&format!("{GRID} --workspace local")).json();
    let command = format!(
        "{GRID} --workspace w --plan plan --engine slurm --slurm throttle=6 --slurm per-index=2 \
         --slurm comment=grid --slurm mem=100M"
    );
    let noted = [("PARABOLA_STARTS", starts.to_str().unwrap())];
    let submitted = planned.on(&slurm, &command, &noted).json();
    assert_eq!(
        (
            &submitted["submitted"],
            submitted["jobs"].as_array().unwrap().len()
        ),
        (&40.into(), 2)
    );
    // The same command again: nothing is submitted twice.
    let again = planned.on(&slurm, &command, &noted).json();
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
    assert_eq!(planned.finishes(), 40, "nothing was done twice");
    let begun = fs::read_to_string(&starts).unwrap();
    assert_eq!(begun.lines().count(), 40, "nothing was begun twice");
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
    let search = "search parabola --runner-dir runners --grid x=0.1,0.2,0.3,0.4,0.5,0.7 --workspace w \
                  --plan plan --engine slurm --slurm time=4 --slurm mem=200M --json --quiet";
    let starts = planned.place.join("starts");
    let begun = || {
        fs::read_to_string(&starts)
            .unwrap_or_default()
            .lines()
            .count()
    };
    let noted = ("PARABOLA_STARTS", starts.to_str().unwrap());
    // Those with x above 0.35 do not end; the last one takes ever more memory, if this is limited.
    let mut variables = vec![noted, ("PARABOLA_HOLDS", "1")];
    let is_limited = slurm.limits_memory();
    if is_limited {
        variables.push(("PARABOLA_GROWS", "1"));
    }
    let submitted = planned.on(&slurm, search, &variables).json();
    let array = submitted["jobs"][0].as_str().unwrap();
    let state = |status: &Value, task: usize| status["tasks"][task]["job"]["state"].clone();
    let is_out_of_memory = || {
        let job = format!("{array}_5");
        let shown = slurm.said("scontrol", &["-o", "show", "job", &job]);
        shown.contains("JobState=OUT_OF_MEMORY")
    };
    until("three have results, the others are held or killed", || {
        let status = planned.engine_status(&slurm);
        let is_held = |task: usize| status["tasks"][task]["state"] == "claimed";
        status["counts"]["finished"] == 3
            && is_held(3)
            && is_held(4)
            && match is_limited {
                true => is_out_of_memory(),
                false => is_held(5),
            }
    });
    slurm.kill_controller(&format!("{array}_3"));
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
    // The limit is so long that the held jobs live until here, also on a busy machine.
    slurm.let_time_pass(&format!("{array}_4"));
    if !is_limited {
        slurm.let_time_pass(&format!("{array}_5"));
    }
    until("the killed job has ended", || {
        state(&planned.engine_status(&slurm), 3) == "FAILED"
    });
    let status = planned.engine_status(&slurm);
    let reason = status["tasks"][3]["reason"].as_str().unwrap();
    assert!(reason.contains("0:9"), "{reason}");
    // Slurm looks every thirty seconds.
    until("the other is ended by its time limit", || {
        let status = planned.engine_status(&slurm);
        status["counts"].get("claimed").is_none() && status["counts"].get("scheduled").is_none()
    });
    let shown = slurm.said("scontrol", &["-o", "show", "job", &format!("{array}_4")]);
    assert!(shown.contains("JobState=TIMEOUT"), "{shown}");
    assert_eq!(begun(), 6);
    let resumed = planned
        .on(&slurm, "engine resume plan --json", &[noted])
        .json();
    assert_eq!(resumed["submitted"], 3, "{resumed}");
    assert!(
        resumed["notes"][0]
            .as_str()
            .unwrap()
            .contains("2 tasks ask for more time or memory"),
        "{resumed}"
    );
    let requested = |job: &Value| {
        let job = job.as_str().unwrap();
        let shown = slurm.said("scontrol", &["-o", "show", "job", job]);
        let words = shown.split_whitespace();
        let words = words
            .filter(|word| word.starts_with("TimeLimit=") || word.starts_with("MinMemoryNode="));
        words.map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    let requests: Vec<String> = resumed["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(requested)
        .collect();
    let (time, memory) = ("TimeLimit=00:08:00", "MinMemoryNode=400M");
    assert!(
        requests.iter().any(|request| request.contains(time)),
        "{requests:?}"
    );
    assert!(
        !is_limited || requests.iter().any(|request| request.contains(memory)),
        "{requests:?}"
    );
    until("the gather job records", || {
        planned.place.join("plan/gathered.json").exists()
    });
    assert_eq!(planned.finishes(), 6, "six ended");
    assert_eq!(
        begun(),
        9,
        "only the three that were killed were begun again"
    );
    let none = planned.on(&slurm, "engine resume plan --json", &[]).json();
    assert_eq!(
        (&none["submitted"], &none["gather"]),
        (&0.into(), &Value::Null)
    );
}

#[test]
fn jobs_that_slurm_forgot_are_found_in_its_accounts() {
    let Some(slurm) = Slurm::start_with(Accounting::Database) else {
        return;
    };
    let planned = Planned::new();
    let search = "search parabola --runner-dir runners --grid x=0.1,0.7 --workspace w --plan plan \
                  --engine slurm --slurm time=4 --json --quiet";
    let submitted = planned
        .on(&slurm, search, &[("PARABOLA_HOLDS", "1")])
        .json();
    // The job that gathers would note how the others ended.
    slurm.said("scancel", &[submitted["gather"].as_str().unwrap()]);
    let array = submitted["jobs"][0].as_str().unwrap();
    until("one has a result, the other is held", || {
        // Not asked with `engine status`, which would note what Slurm says.
        planned.names("results").len() == 1 && planned.claim_of(1).exists()
    });
    slurm.let_time_pass(&format!("{array}_1"));
    until("both are in the accounts", || {
        let said = slurm.said("sacct", &["-n", "-X", "-P", "-j", array, "--format=State"]);
        let mut states: Vec<&str> = said.lines().collect();
        states.sort_unstable();
        states == ["COMPLETED", "TIMEOUT"]
    });
    slurm.forget_jobs();
    until("the controller is there, and knows nothing", || {
        let output = slurm.run("scontrol", &["show", "job", array]);
        String::from_utf8_lossy(&output.stderr).contains("Invalid job id")
    });
    let status = planned.engine_status(&slurm);
    assert_eq!(status["counts"]["finished"], 1, "{status}");
    let resumed = planned.on(&slurm, "engine resume plan --json", &[]).json();
    assert_eq!(resumed["submitted"], 1, "{resumed}");
    let job = resumed["jobs"][0].as_str().unwrap();
    let shown = slurm.said("scontrol", &["-o", "show", "job", job]);
    assert!(shown.contains("TimeLimit=00:08:00"), "{shown}");
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
    let gather = |state: &str| {
        let shown = slurm.said("squeue", &["--noheader", "--states=all", "--format=%j %T"]);
        let job = |line: &&str| line.contains("-gather ");
        shown
            .lines()
            .find(job)
            .is_some_and(|line| line.ends_with(state))
    };
    assert!(gather("PENDING"));
    let cancelled = planned.on(&slurm, "engine cancel plan", &[]);
    cancelled.succeeds();
    assert!(
        cancelled
            .stdout
            .contains("2 tasks and the job that gathers are cancelled"),
        "{cancelled:?}"
    );
    planned
        .on(&slurm, "engine status plan --watch --quiet", &[])
        .succeeds();
    assert!(gather("CANCELLED"));
    let again = planned.on(&slurm, "engine cancel plan", &[]);
    assert!(
        again.stdout.contains("nothing is cancelled")
            && again
                .stdout
                .contains("`protea engine resume plan` executes the 2 tasks"),
        "{again:?}"
    );
    assert_eq!(planned.names("results"), [""; 0]);
    planned
        .protea("engine resume plan --engine local --quiet")
        .succeeds();
    assert_eq!(planned.names("results").len(), 2);
}

#[test]
fn an_exported_script_submits_to_slurm() {
    let Some(slurm) = Slurm::start() else { return };
    // Twenty processes are two arrays of this cluster.
    let search = "search parabola --runner-dir runners --random 40 --space x=0.0..1.0 --space n=1..20 \
                  --seed 7 --threads 1 --quiet --json";
    let exported = Exported::new(search, "sbatch", "2");
    let submit = || {
        let mut command = Command::new("sh");
        let (name, value) = slurm.configuration();
        command
            .arg(exported.file("sbatch.sh"))
            .args(["--comment=a b", "--mem=150M"])
            .env(name, value);
        exported.run(command)
    };
    // Jobs wait until the second call was made.
    let partition = |state: &str| {
        let state = format!("State={state}");
        let output = slurm.run("scontrol", &["update", "PartitionName=main", &state]);
        assert!(output.status.success(), "{output:?}");
    };
    partition("DOWN");
    let submitted = submit();
    submitted.succeeds();
    assert!(
        submitted.stderr.contains(": 16 jobs") && submitted.stderr.contains(": 4 jobs"),
        "{submitted:?}"
    );
    submit().fails_with(75, &["jobs of this plan are in the queue"]);
    partition("UP");
    until("the gather job records", || {
        exported.file("gathered.json").exists()
    });
    let mut starts: Vec<String> = (0..20)
        .map(|n| format!("{},{}", 2 * n, 2 * n + 1))
        .collect();
    // The job that gathers has submitted the first two tasks again.
    starts.push("0,1".to_owned());
    starts.sort();
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    exported.assert_same_as_local(&starts);
    let shown = slurm.said("scontrol", &["-o", "show", "job"]);
    assert_eq!(shown.matches("Comment=a b").count(), 23, "{shown}");
}

#[test]
fn an_exported_script_submits_generation_after_generation() {
    let Some(slurm) = Slurm::start() else { return };
    let exported = Exported::new(GENERATIONS, "sbatch", "5");
    let (name, value) = slurm.configuration();
    let mut command = Command::new("sh");
    command.arg(exported.file("sbatch.sh")).env(name, value);
    exported.run(command).succeeds();
    until("the last job that gathers records", || {
        exported.file("gathered.json").exists()
    });
    let first = "0,1,2,3,4";
    exported.assert_same_as_local(&[first, first, "10,11,12,13", "14", "5,6,7,8,9"]);
}
