//! Accounting of a cluster: slurmdbd, and a database of its own.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Slurm, find, kill, open_to_all};

/// Whether a cluster keeps an account of its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounting {
    /// No: it forgets jobs some time after they have ended.
    None,
    /// `sacct` knows them.
    Database,
}

/// Writes the configuration of slurmdbd, and gives the lines of the cluster's.
pub(super) fn configuration(root: &Path, port: u16, database: u16) -> Result<String, String> {
    let file = root.join("slurmdbd.conf");
    let root = root.display();
    let text = format!(
        "AuthType=auth/munge
AuthInfo=socket={root}/socket/munge
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
LogFile={root}/log/slurmdbd
PidFile={root}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=root
StorageLoc=slurm
"
    );
    fs::write(&file, text).map_err(|error| error.to_string())?;
    open_to_all(&file, 0o600);
    Ok(format!(
        "AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={root}/socket/munge"
    ))
}

/// Starts the database and slurmdbd, as the configuration says.
pub(super) fn start(slurm: &Slurm, root: &Path) -> Result<(), String> {
    let text = fs::read_to_string(root.join("slurmdbd.conf")).map_err(|error| error.to_string())?;
    let port = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().to_owned()
    };
    let (own, database) = (port("DbdPort="), port("StoragePort="));
    // Without a check of users it needs no tables of its own, which take seconds to make.
    fs::create_dir_all(root.join("data/mysql")).map_err(|error| error.to_string())?;
    let file = |name: &str| root.join(name).display().to_string();
    let log = fs::File::create(root.join("log/database")).map_err(|error| error.to_string())?;
    Command::new(find("mariadbd")?)
        .arg("--no-defaults")
        .arg("--user=root")
        .arg(format!("--datadir={}", file("data")))
        .arg(format!("--socket={}", file("socket/database")))
        .arg(format!("--pid-file={}", file("database.pid")))
        .arg(format!("--port={database}"))
        .arg("--bind-address=127.0.0.1")
        .args(["--skip-grant-tables", "--skip-name-resolve"])
        .args(["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M"])
        .args([
            "--innodb-flush-log-at-trx-commit=0",
            "--performance-schema=off",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("mariadbd cannot be started: {error}"))?;
    until_it_listens("the database", &database)?;
    // It finds its configuration beside the cluster's, which it learns from the environment.
    slurm.daemon("slurmdbd", &[])?;
    until_it_listens("slurmdbd", &own)
}

/// Ends both, if they were started.
pub(super) fn stop(root: &Path) {
    kill(&root.join("slurmdbd.pid"), "-KILL");
    kill(&root.join("database.pid"), "-KILL");
}

fn until_it_listens(name: &str, port: &str) -> Result<(), String> {
    let began = Instant::now();
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        if began.elapsed() > Duration::from_secs(60) {
            return Err(format!("{name} does not listen"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
