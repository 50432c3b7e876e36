//! A web server with TLS.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use protea_e2e::{Place, Ran, test};

use super::{command, s3::S3};

#[test]
fn a_server_is_trusted_if_its_authority_is() {
    // It needs the same interpreter.
    if S3::shared().is_none() {
        return;
    }
    let place = Place::new();
    let certificates = place.join("certificates");
    fs::create_dir(&certificates).unwrap();
    let mut server = Command::new(env::var("PROTEA_TEST_PYTHON").unwrap())
        .arg("-c")
        .arg(include_str!("https.py"))
        .args([&test(), &certificates])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut port = String::new();
    let mut said = BufReader::new(server.stdout.as_mut().unwrap());
    said.read_line(&mut port).unwrap();
    let there = format!("https://127.0.0.1:{}/", port.trim());

    let verify = |trusted: Option<&str>| {
        let mut command = command(&place, "http://127.0.0.1:1");
        command.args(["dataset", "verify", &there, "--json"]);
        // Far beyond the time asserted below: a second try would go on for this long.
        command.env("PROTEA_STORE_PATIENCE", "600s");
        if let Some(trusted) = trusted {
            command.env("SSL_CERT_FILE", certificates.join(trusted));
        }
        Ran::from(command.output().unwrap())
    };
    assert_eq!(verify(Some("authority.pem")).json()["verified"], true);
    let began = Instant::now();
    verify(None).fails_with(1, &[&there, "certificate"]);
    assert!(
        began.elapsed() < Duration::from_secs(300),
        "it is not tried again"
    );
    server.kill().unwrap();
    server.wait().unwrap();
}
