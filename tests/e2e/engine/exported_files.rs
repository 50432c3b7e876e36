//! Generated files that cannot be run here, and where they are written.

use std::{env, ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path, process::Command};

use protea_e2e::{Ran, test, train};
use serde_json::{Value, json};

use super::{
    exported::{Exported, SEARCH, executable, python_with},
    setup::Planned,
};

#[test]
fn a_job_of_kubernetes_is_yaml_with_its_fields() {
    let Some(python) = python_with("yaml") else {
        return;
    };
    let exported = Exported::new(SEARCH, "kubernetes", "5");
    let program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let mut command = Command::new(python);
    command
        .args(["-c", program])
        .arg(exported.file("kubernetes.yaml"));
    let job = exported.run(command).json();
    assert_eq!(
        (&job["apiVersion"], &job["kind"]),
        (&json!("batch/v1"), &json!("Job"))
    );
    let name = job["metadata"]["name"].as_str().unwrap();
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(name.len() <= 63 && name.chars().all(is_label), "{name}");
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert_eq!(
        (&spec["completions"], &spec["parallelism"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(spec["backoffLimitPerIndex"], 2);
    let never = &spec["podFailurePolicy"]["rules"][0];
    assert_eq!(
        (&never["action"], &never["onExitCodes"]["values"]),
        (&json!("FailIndex"), &json!([65]))
    );
    let pod = &spec["template"]["spec"];
    assert_eq!(
        pod["restartPolicy"], "Never",
        "podFailurePolicy asks for it"
    );
    let container = &pod["containers"][0];
    assert_eq!(never["onExitCodes"]["containerName"], container["name"]);
    let words: Vec<&str> = container["command"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    // Kubernetes replaces `$$` by `$`.
    let plan = exported
        .file("")
        .to_str()
        .unwrap()
        .trim_end_matches('/')
        .replace('$', "$$");
    assert_eq!(
        words[1..],
        ["task", &plan, "--per-index", "5", "--threads", "1"]
    );
    let volumes = |list: &Value| {
        let names = list
            .as_array()
            .unwrap()
            .iter()
            .map(|volume| volume["name"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        volumes(&container["volumeMounts"]),
        volumes(&pod["volumes"])
    );
    let text = fs::read_to_string(exported.file("kubernetes.yaml")).unwrap();
    for told in [
        "REPLACE-IMAGE",
        "REPLACE-CLAIM-0",
        "the memory of a pod",
        "export again",
    ] {
        let comments = text.lines().filter(|line| line.starts_with('#'));
        assert!(
            comments.clone().any(|line| line.contains(told)),
            "{told}: {text}"
        );
    }
}

#[test]
fn words_of_a_nextflow_script_are_those_of_bash() {
    let exported = Exported::new(SEARCH, "nextflow", "5");
    let text = fs::read_to_string(exported.file("plan.nf")).unwrap();
    let literal = text
        .lines()
        .find_map(|line| line.strip_prefix("params.plan = '")?.strip_suffix('\''))
        .unwrap();
    // The literal has no escapes but these.
    let mut word = String::new();
    let mut characters = literal.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next().unwrap() {
                'u' => {
                    let digits: String = characters.by_ref().take(4).collect();
                    let unit = u32::from_str_radix(&digits, 16).unwrap();
                    word.push(char::from_u32(unit).unwrap());
                }
                other => word.push(other),
            },
            '\'' => panic!("{literal}"),
            other => word.push(other),
        }
    }
    assert!(
        !word.contains('\n'),
        "a script of Nextflow has it on one line"
    );
    let mut command = Command::new("bash");
    command.args(["-c", &format!("cd {word} && pwd")]);
    let ran = exported.run(command);
    assert_eq!(
        ran.stdout.trim_end(),
        exported.file("").to_str().unwrap().trim_end_matches('/')
    );
    assert!(text.contains("task.exitStatus != 65"), "{text}");
}

#[test]
fn a_file_is_written_once_or_printed() {
    let planned = Planned::new();
    planned.plan();
    let export = |more: &str| planned.protea(&format!("plan export plan --for parallel {more}"));
    export("").succeeds();
    let script = planned.place.join("plan/parallel.sh");
    let written = fs::read_to_string(&script).unwrap();
    export("").succeeds();
    fs::write(&script, "mine").unwrap();
    export("").fails_with(5, &["exists", "--force"]);
    assert_eq!(fs::read_to_string(&script).unwrap(), "mine");
    let printed = export("--output - --quiet");
    assert_eq!(printed.stdout, written);
    assert_eq!(export("--output - --json").json()["text"], written.as_str());
    export("--force").succeeds();
    export("--output elsewhere.sh").succeeds();
    assert_eq!(
        fs::read_to_string(planned.place.join("elsewhere.sh")).unwrap(),
        written
    );
    planned
        .protea("plan export plan --for row --output row.toml")
        .fails_with(2, &["workflow.toml"]);
    planned
        .protea("plan export runners --for sbatch")
        .fails_with(3, &["no plan.json"]);
    let arguments = ["plan", "export", "plan", "--for", "sbatch", "--program"];
    let words = arguments.iter().map(OsStr::new);
    let ran = planned
        .place
        .protea(words.chain([OsStr::from_bytes(b"/x/\xff")]));
    ran.fails_with(2, &["is not UTF-8"]);
}

#[test]
fn remaining_tasks_are_those_without_a_result() {
    let planned = Planned::new();
    planned.plan();
    let failing = planned.task_with_x(|x| x > 0.9);
    let well = planned.task_with_x(|x| x < 0.9);
    planned.task(failing, "");
    planned.task(well, "").succeeds();
    let ran: Ran = planned.protea("plan remaining plan --per-index 4");
    let expected: Vec<String> = (0..12)
        .filter(|index| ![failing, well].contains(index))
        .map(|index| index.to_string())
        .collect();
    let lines: Vec<String> = expected.chunks(4).map(|group| group.join(",")).collect();
    assert_eq!(ran.stdout, format!("{}\n", lines.join("\n")));
    let generations = "search parabola --runner-dir runners --tpe 15 --space x=0.0..0.8 --workspace w \
                       --plan generations --quiet";
    planned.protea(generations).succeeds();
    let export = |target: &str| {
        let words = format!("plan export generations --for {target} --json --quiet");
        planned.protea(&words).json()["notes"][0]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(export("parallel").contains("each generation"));
    assert!(export("snakemake").contains("run it again"));
    assert!(export("kubernetes").contains("export again"));
}

#[test]
fn a_project_of_row_has_products_of_results_only() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    planned.task(well, "").succeeds();
    let export = |more: &str| planned.protea(&format!("plan export plan --for row --quiet {more}"));
    let jobs_with = |name: &str| {
        let jobs = fs::read_dir(planned.place.join("plan/row/workspace")).unwrap();
        let jobs = jobs.map(|job| job.unwrap().path());
        jobs.filter(|job| job.join(name).exists())
            .collect::<Vec<_>>()
    };
    export("").succeeds();
    let finished = jobs_with("result.json");
    assert_eq!((finished.len(), jobs_with("task").len()), (1, 12));
    fs::write(finished[0].join("gathered.json"), "{}").unwrap();
    let id = planned.task_line(well)["id"].as_str().unwrap().to_owned();
    fs::remove_dir_all(planned.place.join("plan/results").join(id)).unwrap();
    export("").succeeds();
    assert_eq!(jobs_with("result.json").len(), 0);
    assert_eq!(jobs_with("gathered.json").len(), 0);
    // A job without its file: no task of another one is done in its place.
    let jobs = jobs_with("task");
    fs::remove_file(jobs[1].join("task")).unwrap();
    let mut command = planned.place.command(Path::new("sh"));
    command
        .args(["protea.sh", "task"])
        .args(jobs[..2].iter().map(|job| job.file_name().unwrap()))
        .current_dir(planned.place.join("plan/row"));
    let ran = Ran::from(command.output().unwrap());
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert_eq!(planned.names("results"), [""; 0]);
    // The script is the user's once it was changed.
    let script = planned.place.join("plan/row/protea.sh");
    fs::write(&script, "mine").unwrap();
    export("").fails_with(5, &["protea.sh", "--force"]);
    assert_eq!(fs::read_to_string(&script).unwrap(), "mine");
    export("--force").succeeds();
    assert_ne!(fs::read_to_string(&script).unwrap(), "mine");
}

#[test]
fn calls_of_an_sbatch_script_exclude_each_other() {
    let planned = Planned::new();
    planned.plan();
    planned
        .protea("plan export plan --for sbatch --quiet")
        .succeeds();
    // Three arrays. The first sbatch calls the script again, the third one fails.
    let programs = planned.place.runner_directory("bin", &[]);
    let sbatch = "#!/bin/sh\necho \"$*\" >>calls\nnumber=$(grep -c '' calls)\n\
                  [ \"$number\" -gt 1 ] || { sh plan/sbatch.sh 2>second; echo $? >>second; }\n\
                  [ \"$number\" -lt 3 ] || exit 7\necho \"$number;cluster\"\n";
    for (name, script) in [
        ("squeue", "#!/bin/sh\n"),
        (
            "scontrol",
            "#!/bin/sh\necho 'MaxArraySize            = 5'\n",
        ),
        ("sbatch", sbatch),
    ] {
        executable(&planned.place.write(&format!("bin/{name}"), script));
    }
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap());
    let submit = || {
        let mut command = planned.place.command(Path::new("sh"));
        command.arg("plan/sbatch.sh").env("PATH", &path);
        Ran::from(command.output().unwrap())
    };
    let calls = || fs::read_to_string(planned.place.join("calls")).unwrap();
    let submitted = submit();
    submitted.fails_with(7, &["The arrays 1 2 are submitted", "scancel 1 2"]);
    assert_eq!(calls().lines().count(), 3, "{}", calls());
    let second = fs::read_to_string(planned.place.join("second")).unwrap();
    assert!(second.contains("another call"), "{second}");
    assert!(second.ends_with("\n75\n"), "{second}");
    // A call that was killed left its directory.
    let lock = planned.place.join("plan/engine/sbatch/lock");
    assert!(!lock.exists());
    fs::create_dir(&lock).unwrap();
    submit().fails_with(75, &["engine/sbatch/lock", "remove the directory"]);
    assert_eq!(calls().lines().count(), 3, "{}", calls());
    assert!(lock.exists(), "it is that of another call");
}

#[test]
fn a_prediction_is_exported_if_it_has_a_file() {
    let planned = Planned::new();
    let (train, test) = (train(), test());
    let fit = format!("fit knn --train {} --json --quiet", train.display());
    let fitted = planned.protea(&fit).json();
    let run = fitted["run_id"].as_str().unwrap();
    let predict = format!("predict {run} --dataset {} --quiet", test.display());
    planned
        .protea(&format!("{predict} --plan printed"))
        .succeeds();
    planned
        .protea("plan export printed --for parallel")
        .fails_with(2, &["plan again", "--output"]);
    planned
        .protea(&format!("{predict} --plan written -o new.tsv"))
        .succeeds();
    planned
        .protea("plan export written --for parallel")
        .succeeds();
}
