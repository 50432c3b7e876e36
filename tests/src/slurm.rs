//! A cluster of Slurm for one test: a controller and two nodes on this machine, with own ports and files
//! in a temporary directory. Dropping it ends all of it.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The nodes.
pub const NODES: [&str; 2] = ["node0", "node1"];

/// A running cluster.
pub struct Slurm {
    place: TempDir,
}

impl Slurm {
    /// Starts a cluster. `None` if it cannot be started here; fails if this is CI.
    #[must_use]
    pub fn start() -> Option<Self> {
        match Self::try_start() {
            Ok(slurm) => Some(slurm),
            Err(reason) => {
                let message = format!("*** SKIPPED: no cluster of Slurm: {reason} ***");
                assert!(env::var("CI").as_deref() != Ok("true"), "{message}");
                eprintln!("{message}");
                None
            }
        }
    }

    fn try_start() -> Result<Self, String> {
        let place = TempDir::new().map_err(|error| error.to_string())?;
        let slurm = Self { place };
        let root = slurm.place.path().to_owned();
        open_to_all(&root, 0o755);
        for name in [
            "munge",
            "socket",
            "state",
            "spool",
            "log",
            "spool/node0",
            "spool/node1",
        ] {
            fs::create_dir(root.join(name)).map_err(|error| error.to_string())?;
            open_to_all(
                &root.join(name),
                if name == "munge" { 0o700 } else { 0o755 },
            );
        }
        let key = fs::read("/proc/sys/kernel/random/uuid").map_err(|error| error.to_string())?;
        fs::write(root.join("munge/key"), key).map_err(|error| error.to_string())?;
        open_to_all(&root.join("munge/key"), 0o400);
        fs::write(root.join("slurm.conf"), configuration(&root)?)
            .map_err(|error| error.to_string())?;
        let file = |name: &str| root.join(name).display().to_string();
        slurm.daemon(
            "munged",
            &[
                "--force".to_owned(),
                format!("--key-file={}", file("munge/key")),
                format!("--socket={}", file("socket/munge")),
                format!("--pid-file={}", file("munge/pid")),
                format!("--log-file={}", file("munge/log")),
                format!("--seed-file={}", file("munge/seed")),
            ],
        )?;
        slurm.daemon(
            "slurmctld",
            &["-c".to_owned(), "-f".to_owned(), file("slurm.conf")],
        )?;
        for node in NODES {
            slurm.start_node(node)?;
        }
        let began = Instant::now();
        loop {
            let idle = slurm.said("sinfo", &["--noheader", "--format=%T %D"]);
            if idle.trim() == "idle 2" {
                return Ok(slurm);
            }
            if began.elapsed() > Duration::from_secs(30) {
                let log = fs::read_to_string(root.join("log/controller")).unwrap_or_default();
                return Err(format!("the nodes are {idle:?}\n{log}"));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn daemon(&self, program: &str, arguments: &[String]) -> Result<(), String> {
        // Debian has them in /usr/sbin, which is not on every PATH.
        let path = format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default());
        let found = env::split_paths(&path).map(|directory| directory.join(program));
        let Some(found) = found.into_iter().find(|file| file.exists()) else {
            return Err(format!("{program} is not installed"));
        };
        let status = Command::new(found)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("{program} cannot be started: {other:?}")),
        }
    }

    /// The environment variable that the programs of Slurm need.
    #[must_use]
    pub fn configuration(&self) -> (&'static str, PathBuf) {
        ("SLURM_CONF", self.place.path().join("slurm.conf"))
    }

    /// Runs a program of Slurm.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let (name, value) = self.configuration();
        let output = Command::new(program)
            .args(arguments)
            .env(name, value)
            .output();
        output.expect("the programs of Slurm are installed")
    }

    /// What a program of Slurm printed.
    pub fn said(&self, program: &str, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.run(program, arguments).stdout).into_owned()
    }

    /// Starts the daemon of a node.
    pub fn start_node(&self, node: &str) -> Result<(), String> {
        let file = self.configuration().1.display().to_string();
        self.daemon(
            "slurmd",
            &["-f".to_owned(), file, "-N".to_owned(), node.to_owned()],
        )
    }

    /// Kills the daemon of a node. Its jobs go on.
    pub fn kill_node(&self, node: &str) {
        kill(&self.place.path().join(format!("{node}.pid")), "-KILL");
    }

    /// Ends the controller, which saves its jobs, and starts it again.
    pub fn restart_controller(&self) {
        let pid = self.place.path().join("controller.pid");
        kill(&pid, "-TERM");
        let file = self.configuration().1.display().to_string();
        self.daemon("slurmctld", &["-f".to_owned(), file])
            .expect("it was started before");
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let root = self.place.path();
        if root.join("controller.pid").exists() {
            self.run("scancel", &["--full", "--user=root"]);
            let began = Instant::now();
            while !self.said("squeue", &["--noheader"]).trim().is_empty()
                && began.elapsed() < Duration::from_secs(8)
            {
                thread::sleep(Duration::from_millis(200));
            }
        }
        for node in NODES {
            kill(&root.join(format!("{node}.pid")), "-KILL");
        }
        kill(&root.join("controller.pid"), "-KILL");
        kill(&root.join("munge/pid"), "-TERM");
    }
}

/// Ends the process whose number is in a file, and waits until it has ended.
fn kill(file: &Path, signal: &str) {
    let Ok(pid) = fs::read_to_string(file) else {
        return;
    };
    let pid = pid.trim();
    let _ = Command::new("kill")
        .args([signal, pid])
        .stderr(Stdio::null())
        .status();
    let began = Instant::now();
    let runs = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, fields)| !fields.starts_with('Z'))
    };
    while runs() && began.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(20));
    }
    let _ = fs::remove_file(file);
}

#[cfg(unix)]
fn open_to_all(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn open_to_all(_: &Path, _: u32) {}

fn configuration(root: &Path) -> Result<String, String> {
    let host =
        fs::read_to_string("/proc/sys/kernel/hostname").map_err(|error| error.to_string())?;
    let host = host.trim().split('.').next().unwrap_or_default().to_owned();
    // All held at once, so that they differ.
    let sockets: Result<Vec<TcpListener>, _> = (0..3)
        .map(|_| TcpListener::bind(("127.0.0.1", 0)))
        .collect();
    let sockets = sockets.map_err(|error| error.to_string())?;
    let ports: Result<Vec<u16>, _> = sockets
        .iter()
        .map(|socket| socket.local_addr().map(|address| address.port()))
        .collect();
    let ports = ports.map_err(|error| error.to_string())?;
    let (controller, first, second) = (ports[0], ports[1], ports[2]);
    let root = root.display();
    Ok(format!(
        "ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={first}
SlurmdParameters=config_overrides
AuthType=auth/munge
AuthInfo=socket={root}/socket/munge
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
SlurmctldPidFile={root}/controller.pid
SlurmdPidFile={root}/%n.pid
SlurmctldLogFile={root}/log/controller
SlurmdLogFile={root}/log/%n
SlurmdSpoolDir={root}/spool/%n
StateSaveLocation={root}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MinJobAge=3600
KillWait=2
MaxArraySize=16
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
NodeName=node0 NodeAddr=127.0.0.1 Port={first} CPUs=4 RealMemory=2000
NodeName=node1 NodeAddr=127.0.0.1 Port={second} CPUs=4 RealMemory=2000
PartitionName=main Nodes=node0,node1 Default=YES State=UP
"
    ))
}
