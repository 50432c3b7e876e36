//! The processor, the memory, the system and what it has for a sandbox.

use std::path::Path;

use protea_cafa::neighbours::Kernel;
use protea_core::workspace::HostRecord;
use protea_files::Links;

use super::facts::Fact;
use crate::output::bytes;

/// The largest file of the system that is read, in bytes.
const LARGEST: u64 = 4 << 20;

pub(super) fn facts() -> Vec<Fact> {
    let host = HostRecord::current();
    let processor = host.processor.as_deref().unwrap_or(std::env::consts::ARCH);
    let system = host.system.iter().chain([&host.platform]).cloned();
    let system = system.collect::<Vec<_>>().join(", ");
    let mut facts = vec![
        Fact::there("machine", "processor", processor, ""),
        kernel(),
        Fact::there(
            "machine",
            "cores",
            host.cores.to_string(),
            "--threads 0 uses all",
        ),
        Fact::there("machine", "memory", memory(host.memory), ""),
        Fact::there("machine", "system", system, ""),
        Fact::there("machine", "protea", host.protea, build()),
    ];
    facts.extend(sandbox());
    facts
}

/// A file of the system; `None` where there is none.
fn read(path: &str) -> Option<String> {
    protea_files::read_text(Path::new(path), Links::Follow, LARGEST).ok()
}

/// The kernel that the search for neighbours would use.
fn kernel() -> Fact {
    let available: Vec<&str> = Kernel::available().into_iter().map(Kernel::name).collect();
    let named = std::env::var("PROTEA_KERNEL")
        .ok()
        .filter(|name| !name.is_empty());
    let found = named
        .as_deref()
        .or(available.last().copied())
        .unwrap_or("-");
    let note = format!(
        "nearest neighbours; PROTEA_KERNEL selects one of {}",
        available.join(", ")
    );
    let is_wrong = named
        .as_deref()
        .is_some_and(|name| !available.contains(&name));
    Fact::there("machine", "kernel", found, note).broken_if(
        is_wrong.then(|| format!("PROTEA_KERNEL is not one of {}", available.join(", "))),
    )
}

fn memory(total: Option<u64>) -> String {
    let text = read("/proc/meminfo").unwrap_or_default();
    let available = text.lines().find_map(|line| {
        let kib: u64 = line
            .strip_prefix("MemAvailable:")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()?;
        Some(bytes(kib << 10))
    });
    match (total.map(bytes), available) {
        (Some(total), Some(free)) => format!("{total}, {free} available"),
        (Some(total), None) => total,
        _ => "unknown".to_owned(),
    }
}

fn build() -> String {
    let features = [
        ("cloud", cfg!(feature = "cloud")),
        ("parquet", cfg!(feature = "parquet")),
        ("pictures", cfg!(feature = "pictures")),
        ("zstd", cfg!(feature = "zstd")),
    ];
    let missing: Vec<&str> = features
        .iter()
        .filter(|(_, is)| !is)
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        "the full build".to_owned()
    } else {
        format!(
            "built without {}; {}",
            missing.join(", "),
            crate::build_features::remedy()
        )
    }
}

/// What the kernel has for `--sandbox`.
#[cfg(target_os = "linux")]
fn sandbox() -> Vec<Fact> {
    const FOR: &str = "--sandbox";
    let version = protea_core::worker::landlock_version();
    let seccomp = read("/proc/sys/kernel/seccomp/actions_avail");
    let zero = |path: &str| read(path).is_some_and(|text| text.trim() == "0");
    let is_allowed = !zero("/proc/sys/user/max_user_namespaces")
        && !zero("/proc/sys/kernel/unprivileged_userns_clone");
    let restricted = read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    let restricted = restricted.is_some_and(|text| text.trim() == "1");
    let namespaces = Path::new("/proc/self/ns/user").exists() && is_allowed;
    vec![
        Fact::of(
            "sandbox",
            "Landlock",
            version.map(|version| format!("version {version}")),
            "files and network of --sandbox",
            "Linux 5.13 or newer with landlock in its `lsm=`; --sandbox=strict needs version 6 (6.12)",
        ),
        Fact::of(
            "sandbox",
            "seccomp",
            seccomp.map(|_| "filters".to_owned()),
            FOR,
            "a kernel with CONFIG_SECCOMP_FILTER",
        ),
        Fact::of(
            "sandbox",
            "user namespaces",
            namespaces.then(|| match restricted {
                true => "restricted by AppArmor".to_owned(),
                false => "allowed".to_owned(),
            }),
            FOR,
            "allow them with `sysctl user.max_user_namespaces=10000`",
        ),
    ]
}

#[cfg(not(target_os = "linux"))]
fn sandbox() -> Vec<Fact> {
    vec![Fact::of(
        "sandbox",
        "sandbox",
        None,
        "--sandbox",
        "use Linux",
    )]
}
