//! The commands of a walk through the first hour of somebody, with the time that each takes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use protea_e2e::{Place, Ran, built, in_own_workspace};

/// Runs its arguments and writes the processor times of its children to the file `TIMES`.
const TIMED: &str = r#""$@"; code=$?; times > "$TIMES"; exit $code"#;

/// The commands so far.
pub struct Walk<'p> {
    place: &'p Place,
    /// Where cargo puts what it builds.
    pub target: PathBuf,
    /// Environment variables besides those of every test.
    pub variables: Vec<(&'static str, PathBuf)>,
    /// Command, seconds, processor seconds.
    done: Vec<(String, f64, f64)>,
}

impl<'p> Walk<'p> {
    pub fn new(place: &'p Place) -> Self {
        Self {
            place,
            target: built().join("my-runner"),
            variables: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Runs `protea`, which must succeed.
    pub fn protea(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.protea_in(self.place.path(), arguments);
        ran.succeeds();
        ran
    }

    /// Runs `protea` in a directory.
    pub fn protea_in(&mut self, directory: &Path, arguments: &[&str]) -> Ran {
        self.run(&built().join("protea"), "protea", arguments, directory)
    }

    /// Runs `protea`, which must fail with this code and all of these parts in its message.
    pub fn protea_fails(&mut self, code: i32, arguments: &[&str], parts: &[&str]) -> Ran {
        let ran = self.protea_in(self.place.path(), arguments);
        ran.fails_with(code, parts);
        ran
    }

    /// Runs a program of the reader's own.
    pub fn program(&mut self, program: &Path, arguments: &[&str], directory: &Path) -> Ran {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        self.run(program, &name, arguments, directory)
    }

    /// Builds in another directory than that of the author's crate, with the target directory of the
    /// walk.
    pub fn build_in(&mut self, directory: &Path) -> Ran {
        self.run(
            Path::new(env!("CARGO")),
            "cargo",
            &["build", "--offline"],
            directory,
        )
    }

    /// Runs cargo in the directory of the crate. It must succeed.
    pub fn cargo(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run_cargo(arguments);
        ran.succeeds();
        ran
    }

    /// Runs cargo in the directory of the crate. It must fail.
    pub fn cargo_fails(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run_cargo(arguments);
        assert_ne!(ran.code, Some(0), "{ran:#?}");
        ran
    }

    fn run_cargo(&mut self, arguments: &[&str]) -> Ran {
        let directory = self.place.join("my-method");
        self.run(Path::new(env!("CARGO")), "cargo", arguments, &directory)
    }

    fn run(&mut self, program: &Path, name: &str, arguments: &[&str], directory: &Path) -> Ran {
        let times = self.place.join("times");
        let mut command = self.place.command(Path::new("sh"));
        command
            .args(["-c", TIMED, "sh"])
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            .env("TIMES", &times)
            .env("PROTEA", built().join("protea"))
            .envs(self.variables.iter().cloned());
        if name == "cargo" {
            // Its caches are in the home of the user.
            for variable in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
                match std::env::var_os(variable) {
                    Some(value) => command.env(variable, value),
                    None => command.env_remove(variable),
                };
            }
            if !cfg!(debug_assertions) && arguments[0] != "fmt" {
                command.arg("--release");
            }
            in_own_workspace(&mut command, &self.target);
        }
        let began = Instant::now();
        let ran = Ran::from(output(&mut command));
        let seconds = began.elapsed().as_secs_f64();
        let line = format!("{name} {}", arguments.join(" "));
        self.done.push((line, seconds, processor_seconds(&times)));
        ran
    }

    /// Prints the commands with their times.
    pub fn print(&self) {
        let (mut seconds, mut processor) = (0.0, 0.0);
        for (line, wall, cpu) in &self.done {
            println!("{wall:7.2} s {cpu:7.2} CPU-s  {line}");
            seconds += wall;
            processor += cpu;
        }
        println!("{seconds:7.2} s {processor:7.2} CPU-s  in all");
    }
}

fn output(command: &mut Command) -> std::process::Output {
    command.output().expect("sh can be started")
}

/// The second line that `times` prints: user and system time of the children, as `1m2.5s 0m0.3s`.
fn processor_seconds(times: &Path) -> f64 {
    let text = fs::read_to_string(times).unwrap_or_default();
    let line = text.lines().nth(1).unwrap_or_default();
    let seconds = |word: &str| -> Option<f64> {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m')?;
        Some(60.0 * minutes.parse::<f64>().ok()? + seconds.parse::<f64>().ok()?)
    };
    line.split_whitespace().filter_map(seconds).sum()
}

/// The directory of the profile in which the tests are built: `debug` or `release`.
pub fn profile() -> String {
    let name = built().file_name().expect("a profile has a name");
    name.to_string_lossy().into_owned()
}

/// The files of this name below a directory.
pub fn walk_files(directory: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the directory exists") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(walk_files(&path, name));
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
    found
}
