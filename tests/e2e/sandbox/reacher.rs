//! Reaches for what its setting names, and answers whether it got it: 1 or 0.

use std::{
    fs, io, net,
    os::{
        fd::AsRawFd,
        unix::{
            fs::{PermissionsExt, chown},
            net::UnixStream,
        },
    },
    path::Path,
    process::Command,
    time::SystemTime,
};

use protea_contracts::{
    metrics::{Direction, MetricDeclaration},
    prelude::*,
};

spec! {
    #[derive(Default)]
    pub struct Spec {
        /// What is reached for.
        pub what: String,
        /// The file or address.
        pub at: String,
    }
}

struct Reacher;

unsafe extern "C" {
    fn fork() -> i32;
    fn setsid() -> i32;
    fn pause() -> i32;
    fn ioctl(file: i32, request: u64, flags: *mut u64) -> i32;
    fn getppid() -> i32;
    fn kill(process: i32, signal: i32) -> i32;
}

/// Reads the attributes of a file that `lsattr` shows, and sets them to what they are, as `chattr` does.
fn chattr(at: &str) -> io::Result<()> {
    const READ: u64 = 0x8008_6601;
    const WRITE: u64 = 0x4008_6602;
    let file = fs::File::open(at)?;
    let mut flags = 0;
    for request in [READ, WRITE] {
        // SAFETY: both requests are about one number.
        if unsafe { ioctl(file.as_raw_fd(), request, &mut flags) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn reach(spec: &Spec, output: &Path) -> io::Result<()> {
    let at = &spec.at;
    match spec.what.as_str() {
        "read" => fs::read(at).map(drop),
        "list" => fs::read_dir(at).map(drop),
        "write" => fs::write(at, "x"),
        "truncate" => fs::OpenOptions::new().write(true).truncate(true).open(at).map(drop),
        "remove" => fs::remove_file(at),
        "rename" => {
            fs::write(output.join("x"), "x")?;
            fs::rename(output.join("x"), at)
        }
        "write in a thread" => {
            let at = at.clone();
            std::thread::spawn(|| fs::write(at, "x")).join().expect("it does not panic")
        }
        "write output" => fs::write(output.join("x"), "x"),
        "start" => Command::new(at).status().map(drop),
        "tcp" => net::TcpStream::connect(at).map(drop),
        "udp" => net::UdpSocket::bind(at).map(drop),
        "chmod" => fs::set_permissions(at, fs::Permissions::from_mode(0o666)),
        "fchmod" => fs::File::open(at)?.set_permissions(fs::Permissions::from_mode(0o666)),
        "chown" => chown(at, None, None),
        "chattr" => chattr(at),
        // Nothing is sent, but whether it could be is told.
        "signal its parent" => match unsafe { kill(getppid(), 0) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        },
        "touch" => fs::File::open(at)?.set_modified(SystemTime::UNIX_EPOCH),
        "copy" => {
            fs::write(output.join("x"), "x")?;
            fs::copy(output.join("x"), output.join("y")).map(drop)
        }
        "answer" => Ok(()),
        "flood" => (0..64).try_for_each(|at| fs::write(output.join(at.to_string()), [0; 1 << 16])),
        "unix" => UnixStream::connect(at).map(drop),
        "leave and hang" => {
            // SAFETY: the child does nothing but wait.
            unsafe {
                if fork() == 0 {
                    setsid();
                    loop {
                        pause();
                    }
                }
            }
            loop {
                std::thread::sleep(std::time::Duration::from_secs(3600));
            }
        }
        other => panic!("{other:?}"),
    }
}

impl ExperimentRunner for Reacher {
    type Spec = Spec;

    fn metrics(&self) -> MetricSchema {
        MetricSchema::flat(vec![MetricDeclaration::new("any", Direction::HigherIsBetter).optional()])
    }

    fn fit(&self, request: &FitRequest<Spec>, _: &Emitter) -> Result<RunResult, RunnerError> {
        let reached = reach(&request.spec, &request.output_dir()?);
        if let Err(error) = &reached
            && error.kind() != io::ErrorKind::PermissionDenied
        {
            return Err(RunnerError::failed(format!("for another reason: {error}")));
        }
        let model = match request.spec.what.as_str() {
            "answer" => request
                .output_uri
                .join(&format!("file://{}", request.spec.at))
                .expect("it is a URI"),
            _ => request.write_model(&request.spec)?,
        };
        Ok(RunResult::new(model).with_metric("reached", f64::from(u8::from(reached.is_ok()))))
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
        Ok(EvalResult::default())
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        request.bundle(&request.read_model::<Spec>()?)?.finish()
    }
}

export_runner!(Reacher, name: "reacher");
