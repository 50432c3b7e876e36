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

mod accounting;
mod memory;

pub use accounting::Accounting;

/// The nodes.
pub const NODES: [&str; 2] = ["node0", "node1"];

/// The most jobs of a cluster.
const JOBS: u32 = 100;

/// A running cluster.
pub struct Slurm {
    place: TempDir,
    limits_memory: bool,
}

impl Slurm {
    /// Starts a cluster. `None` if it cannot be started here; fails if this is CI.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(Accounting::None)
    }

    /// Starts a cluster that can keep an account of its jobs. `None` if it cannot be started here; fails
    /// if this is CI.
    #[must_use]
    pub fn start_with(accounting: Accounting) -> Option<Self> {
        match Self::try_start(accounting) {
            Ok(slurm) => Some(slurm),
            Err(reason) => {
                let message = format!("*** SKIPPED: no cluster of Slurm: {reason} ***");
                assert!(env::var("CI").as_deref() != Ok("true"), "{message}");
                eprintln!("{message}");
                None
            }
        }
    }

    fn try_start(accounting: Accounting) -> Result<Self, String> {
        let place = TempDir::new().map_err(|error| error.to_string())?;
        let slurm = Self {
            place,
            limits_memory: memory::can_be_limited(),
        };
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
        if slurm.limits_memory {
            let text =
                "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nConstrainRAMSpace=yes\n";
            fs::write(root.join("cgroup.conf"), text).map_err(|error| error.to_string())?;
        }
        let text = configuration(&root, slurm.limits_memory, accounting)?;
        fs::write(root.join("slurm.conf"), text).map_err(|error| error.to_string())?;
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
        if accounting == Accounting::Database {
            accounting::start(&slurm, &root)?;
        }
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
        let found = find(program)?;
        let (name, value) = self.configuration();
        let status = Command::new(found)
            .args(arguments)
            .env(name, value)
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

    /// Whether a job that takes more memory than it asked for is killed; prints it if not. That is no
    /// failure in CI: it depends on the kernel's groups of processes, which nothing can install.
    #[must_use]
    pub fn limits_memory(&self) -> bool {
        if !self.limits_memory {
            eprintln!("*** SKIPPED: the memory of jobs cannot be limited here ***");
        }
        self.limits_memory
    }

    /// Lets the time limit of a job pass.
    pub fn let_time_pass(&self, job: &str) {
        let job = format!("JobId={job}");
        let output = self.run("scontrol", &["update", &job, "EndTime=now"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Kills the controller, once it has saved what it knows of `job`, and starts it again.
    pub fn kill_controller(&self, job: &str) {
        let saved = || {
            let state = fs::metadata(self.place.path().join("state/job_state"));
            state.and_then(|state| state.modified()).ok()
        };
        let before = saved();
        // It saves its jobs some seconds after one has changed.
        let job = format!("JobId={job}");
        let output = self.run("scontrol", &["update", &job, "Comment=saved"]);
        assert!(output.status.success(), "{output:?}");
        let began = Instant::now();
        while saved() == before {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "it saves its jobs"
            );
            thread::sleep(Duration::from_millis(100));
        }
        self.start_controller_after("-KILL");
    }

    /// Lets the controller forget all jobs, as it does some minutes after they have ended.
    pub fn forget_jobs(&self) {
        let file = self.configuration().1;
        let text = fs::read_to_string(&file).expect("it was written before");
        // Their numbers are not given again.
        let first = first_job(self.place.path()).unwrap_or_default();
        let text = text.replace(
            &format!("FirstJobId={first}"),
            &format!("FirstJobId={}", first + JOBS / 2),
        );
        fs::write(&file, text).expect("it was written before");
        kill(&self.place.path().join("controller.pid"), "-KILL");
        let file = file.display().to_string();
        self.daemon("slurmctld", &["-c".to_owned(), "-f".to_owned(), file])
            .expect("it was started before");
    }

    /// Ends the controller, which saves its jobs, and starts it again.
    pub fn restart_controller(&self) {
        self.start_controller_after("-TERM");
    }

    fn start_controller_after(&self, signal: &str) {
        let pid = self.place.path().join("controller.pid");
        kill(&pid, signal);
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
        accounting::stop(root);
        if let Some(first) = first_job(root) {
            memory::remove_groups(&NODES, first..first + JOBS);
        }
        kill(&root.join("munge/pid"), "-TERM");
    }
}

/// The number of the first job of a cluster.
fn first_job(root: &Path) -> Option<u32> {
    let text = fs::read_to_string(root.join("slurm.conf")).ok()?;
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("FirstJobId="));
    number?.parse().ok()
}

/// Finds a program. Debian has daemons in /usr/sbin, which is not on every PATH.
fn find(program: &str) -> Result<PathBuf, String> {
    let path = format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default());
    let mut found = env::split_paths(&path).map(|directory| directory.join(program));
    found
        .find(|file| file.exists())
        .ok_or_else(|| format!("{program} is not installed"))
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

fn configuration(
    root: &Path,
    limits_memory: bool,
    accounting: Accounting,
) -> Result<String, String> {
    let host =
        fs::read_to_string("/proc/sys/kernel/hostname").map_err(|error| error.to_string())?;
    let host = host.trim().split('.').next().unwrap_or_default().to_owned();
    // All held at once, so that they differ.
    let sockets: Result<Vec<TcpListener>, _> = (0..5)
        .map(|_| TcpListener::bind(("127.0.0.1", 0)))
        .collect();
    let sockets = sockets.map_err(|error| error.to_string())?;
    let ports: Result<Vec<u16>, _> = sockets
        .iter()
        .map(|socket| socket.local_addr().map(|address| address.port()))
        .collect();
    let ports = ports.map_err(|error| error.to_string())?;
    let (controller, first, second) = (ports[0], ports[1], ports[2]);
    let accounting = match accounting {
        Accounting::None => "AccountingStorageType=accounting_storage/none".to_owned(),
        Accounting::Database => accounting::configuration(root, ports[3], ports[4])?,
    };
    let root = root.display();
    let task_plugin = match limits_memory {
        true => "cgroup",
        false => "none",
    };
    // The kernel's groups of processes are named by the jobs, and several clusters run at once.
    let first_job = u32::from(controller) * JOBS;
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
TaskPlugin=task/{task_plugin}
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MinJobAge=3600
FirstJobId={first_job}
KillWait=2
MaxArraySize=16
{accounting}
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
NodeName=node0 NodeAddr=127.0.0.1 Port={first} CPUs=4 RealMemory=4000
NodeName=node1 NodeAddr=127.0.0.1 Port={second} CPUs=4 RealMemory=4000
PartitionName=main Nodes=node0,node1 Default=YES State=UP DefMemPerCPU=300
"
    ))
}
