//! A table of system calls and what a sandbox answers: to root and to another user, in both modes.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown, symlink},
        net::UnixDatagram,
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use protea_e2e::{Place, Ran, built, compile_c, train};
use serde_json::Value;

use super::kernel_has_it;

const EPERM: i64 = 1;
const ENOENT: i64 = 2;
const EBADF: i64 = 9;
const EACCES: i64 = 13;
const EINVAL: i64 = 22;
const ENOSYS: i64 = 38;
const EOPNOTSUPP: i64 = 95;
/// A signal ended the process.
const KILLED: i64 = -1;
const WORKS: &[i64] = &[0];
/// Refused, or not there on this machine.
const REFUSED: &[i64] = &[EPERM, ENOENT, EACCES, 18];

/// A user who is not root and owns nothing.
const NOBODY: u32 = 54_321;

/// The probes of `tests/e2e/c/probes.h`, and the errors with which a sandbox may answer them.
#[rustfmt::skip]
const TABLE: &[(&str, &[i64])] = &[
    ("socket_tcp", &[EACCES]),
    ("socket_udp", &[EACCES]),
    ("socket_ipv6", &[EACCES]),
    ("socket_unix", &[EACCES]),
    ("socket_netlink", &[EACCES]),
    ("socket_packet", &[EACCES]),
    ("socket_vsock", &[EACCES]),
    ("socket_alg", &[EACCES]),
    ("socketpair_stream", &[EACCES]),
    ("datagram_sendto", &[EACCES]),
    ("datagram_connect", &[EACCES]),
    ("datagram_sendmsg", &[EACCES]),
    ("io_uring", &[ENOSYS]),
    ("io_uring_enter", &[ENOSYS]),
    ("limit_of_other", &[EPERM]),
    ("limit_of_host", &[EPERM]),
    ("limit_of_keeper", &[EPERM]),
    ("limit_of_init", &[EPERM]),
    ("priority_of_other", &[EPERM]),
    ("priority_of_group", &[EPERM]),
    ("priority_of_user", &[EPERM]),
    ("affinity_of_other", &[EPERM]),
    ("affinity_of_host", &[EPERM]),
    ("scheduler_of_other", &[EPERM]),
    ("scheduler_parameters", &[EPERM]),
    ("scheduler_attributes", &[EPERM]),
    ("io_priority_of_other", &[EPERM]),
    ("io_priority_of_user", &[EPERM]),
    ("signal_other", &[EPERM]),
    ("signal_host", &[EPERM]),
    ("signal_keeper", &[EPERM]),
    ("signal_all", &[EPERM]),
    ("signal_thread_of_host", &[EPERM]),
    ("signal_queue", &[EPERM]),
    ("signal_by_file", &[EINVAL]),
    ("process_file", &[ENOSYS]),
    ("process_file_of_file", &[ENOSYS]),
    ("process_file_signal", &[ENOSYS]),
    ("trace_other", &[EPERM]),
    ("trace_keeper", &[EPERM]),
    ("memory_of_other", &[EPERM]),
    ("memory_of_host", &[EPERM]),
    ("memory_advice", &[EPERM]),
    ("pages_of_other", &[EPERM]),
    ("pages_migrated", &[EPERM]),
    ("compare_files", &[EPERM]),
    ("robust_list", &[EPERM]),
    ("proc_environ", &[EACCES]),
    ("proc_environ_of_host", &[EACCES]),
    ("proc_environ_of_keeper", &[EACCES]),
    ("proc_command_line", &[EACCES]),
    ("proc_maps", &[EACCES]),
    ("proc_memory", REFUSED),
    ("proc_pagemap", REFUSED),
    ("proc_root", REFUSED),
    ("proc_oom_score", &[EACCES]),
    ("proc_of_child", &[EACCES]),
    ("proc_list", &[EACCES]),
    ("proc_page_flags", REFUSED),
    ("proc_core", REFUSED),
    ("proc_kernel_log", REFUSED),
    ("proc_keys", REFUSED),
    ("proc_symbols", REFUSED),
    ("proc_sysrq", REFUSED),
    ("proc_settings", &[EACCES]),
    ("control_group", REFUSED),
    ("kernel_log", &[EPERM]),
    ("device_log", REFUSED),
    ("device_memory", REFUSED),
    ("device_shared_memory", REFUSED),
    ("device_terminal", REFUSED),
    ("program", &[EACCES]),
    ("program_of_host", &[EACCES]),
    ("program_in_memory", &[EPERM]),
    ("program_in_memory_by_path", &[EPERM]),
    ("program_by_handle", &[EPERM]),
    ("namespace_user", &[EPERM]),
    ("namespace_mount", &[EPERM]),
    ("namespace_by_clone", &[EPERM]),
    ("namespace_net_by_clone", &[EPERM]),
    ("namespace_by_clone3", &[ENOSYS]),
    ("namespace_enter", &[EPERM]),
    ("mount_new", &[EPERM]),
    ("mount_end", &[EPERM]),
    ("mount_tree", &[EPERM]),
    ("mount_move", &[EPERM]),
    ("mount_file_system", &[EPERM]),
    ("mount_configure", &[EPERM]),
    ("mount_attributes", &[EPERM]),
    ("mount_pick", &[EPERM]),
    ("root_change", &[EPERM]),
    ("root_pivot", &[EPERM]),
    ("memory_segment", &[ENOSYS]),
    ("message_queue", &[ENOSYS]),
    ("semaphore", &[ENOSYS]),
    ("posix_queue", &[ENOSYS]),
    ("key_ring", &[EPERM]),
    ("key_add", &[EPERM]),
    ("key_request", &[EPERM]),
    ("watch_files", &[ENOSYS]),
    ("watch_mounts", &[EPERM]),
    ("bpf", &[EPERM]),
    ("performance_of_other", &[EPERM]),
    ("performance_of_all", &[EPERM]),
    ("user_faults", &[ENOSYS]),
    ("secret_memory", &[ENOSYS]),
    ("clock_adjust", &[EPERM]),
    ("clock_adjust_other", &[EPERM]),
    ("clock_set", &[EPERM]),
    ("time_of_day_set", &[EPERM]),
    ("host_name", &[EPERM]),
    ("quota", &[EPERM]),
    ("swap", &[EPERM]),
    ("accounting", &[EPERM]),
    ("module", &[EPERM]),
    ("kernel_load", &[EPERM]),
    ("reboot", &[EPERM]),
    ("capability", &[EPERM]),
    ("user_change", &[EPERM]),
    ("group_change", &[EPERM]),
    ("bounding_set", &[EINVAL]),
    ("unreadable_to_the_host", &[EINVAL]),
    ("terminal_input", &[EACCES]),
    ("file_read", &[EACCES]),
    ("file_write", &[EACCES]),
    ("file_mode", &[EACCES]),
    ("file_owner", &[EACCES]),
    ("file_times", &[EACCES]),
    ("file_attribute", &[EACCES]),
    ("file_attributes_read", &[EOPNOTSUPP]),
    ("file_handle", &[EOPNOTSUPP]),
    ("file_handle_open", &[EPERM]),
    ("file_link", REFUSED),
    ("fifo_make", &[EACCES]),
    ("device_make", &[EACCES]),
    ("files_inherited", &[EBADF]),
    ("variable_secret", &[ENOENT]),
    ("variable_of_cloud", &[ENOENT]),
    ("variable_other", &[ENOENT]),
    ("call_of_x32", &[ENOSYS]),
    ("call_of_32_bit", &[KILLED]),
    ("may_write", WORKS),
    ("may_link", WORKS),
    ("may_make_directory", WORKS),
    ("may_fork", WORKS),
    ("may_signal_itself", WORKS),
    ("may_set_its_limits", WORKS),
    ("may_set_its_affinity", WORKS),
    ("may_lower_its_priority", WORKS),
    ("may_name_threads", WORKS),
    ("may_read_its_maps", WORKS),
    ("may_read_memory_size", WORKS),
    ("may_get_random", WORKS),
    ("may_have_memory_files", WORKS),
    ("may_have_variables", WORKS),
];

/// Probes that succeed without a sandbox, for root and for others: otherwise the table says nothing.
const SUCCEED_OUTSIDE: &[&str] = &[
    "socket_tcp",
    "socket_udp",
    "socket_unix",
    "socket_netlink",
    "socketpair_stream",
    "limit_of_other",
    "limit_of_host",
    "affinity_of_other",
    "affinity_of_host",
    "scheduler_parameters",
    "io_priority_of_other",
    "signal_by_file",
    "proc_list",
    "program",
    "watch_files",
    "clock_adjust",
    "file_read",
    "file_write",
    "file_times",
    "variable_secret",
    "variable_of_cloud",
    "variable_other",
];

/// A process that does nothing, of the user whom the probes run as.
struct Bystander(Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn as_user(command: &mut Command, user: Option<u32>) -> &mut Command {
    match user {
        Some(user) => command.uid(user).gid(user),
        None => command,
    }
}

/// The answers to all probes. `None` if that user may not run the command that was built here.
fn probed(runners: &Path, user: Option<u32>, more: &[&str]) -> Option<Value> {
    let place = Place::new();
    let secret = place.write("secret", "secret");
    let socket = place.join("socket");
    let listening = UnixDatagram::bind(&socket).unwrap();
    listening.set_nonblocking(true).unwrap();
    // The libraries in a runner's directory are readable. A link that looks like one is not.
    let link = runners.join("libsecret.so.1");
    let _ = fs::remove_file(&link);
    symlink(&secret, link).unwrap();
    if let Some(user) = user {
        for path in [place.path(), &secret, &socket] {
            chown(path, Some(user), Some(user)).unwrap();
        }
    }
    let protea = built().join("protea");
    let version = as_user(place.command(&protea).arg("--version"), user).output();
    if !version.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut sleep = Command::new("sleep");
    let sleep = as_user(sleep.arg("600").current_dir("/"), user);
    let bystander = Bystander(sleep.stdout(Stdio::null()).spawn().unwrap());
    // The shell becomes the command, with a file open that is not closed at `exec`.
    let mut command = place.command(Path::new("/bin/sh"));
    command
        .args(["-c", "PROBER_HOST=$$ exec \"$0\" \"$@\" 9<\"$PROBER_FILE\""])
        .arg(&protea)
        .args(["fit", "prober", "--json", "--runner-dir"])
        .arg(runners)
        .arg("--train")
        .arg(train())
        .args(more)
        .env("PROBER_OTHER", bystander.0.id().to_string())
        .env("PROBER_FILE", &secret)
        .env("PROBER_SOCKET", &socket)
        .env("PROBER_TEST_PASSWORD", "x")
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("TEST_UNRELATED", "x");
    let output = as_user(&mut command, user).output().unwrap();
    let answers = Ran::from(output).json()["steps"][0]["extras"].take();
    if !more.is_empty() {
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
        let arrived = listening.recv(&mut [0; 16]);
        assert!(arrived.is_err(), "a message reached another process");
    }
    Some(answers)
}

#[test]
fn a_sandbox_answers_each_probe_as_the_table_says() {
    if !kernel_has_it() {
        return;
    }
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/prober.c", "prober", &runners, &[]);
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let others = is_root.then_some(Some(NOBODY));
    let mut wrong = Vec::new();
    for user in [None].into_iter().chain(others) {
        for (mode, more) in [
            ("", &[][..]),
            ("--sandbox", &["--sandbox"]),
            ("strict", &["--sandbox=strict"]),
        ] {
            let Some(answers) = probed(&runners, user, more) else {
                eprintln!("SKIPPED: another user cannot run {}", built().display());
                continue;
            };
            let who = user.map_or("this user", |_| "another user");
            let answer = |name: &str| answers[name].as_i64();
            if more.is_empty() {
                let refused = SUCCEED_OUTSIDE
                    .iter()
                    .filter(|name| answer(name) != Some(0));
                wrong.extend(
                    refused.map(|name| format!("without a sandbox, {who}: {name} is refused")),
                );
                continue;
            }
            assert_eq!(
                answers.as_object().unwrap().len(),
                TABLE.len() + 1,
                "{answers:#}"
            );
            for (name, expected) in TABLE {
                let found = answer(name);
                if !found.is_some_and(|found| expected.contains(&found)) {
                    wrong.push(format!(
                        "{mode}, {who}: {name} is {found:?}, not {expected:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
