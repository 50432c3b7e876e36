//! The environment of a sandboxed worker: a short list of variables, and no credentials.
//!
//! | passed | why |
//! |---|---|
//! | `PATH`, `HOME`, `LANG`, `LC_*`, `TZ` and the like | what programs expect |
//! | `LD_LIBRARY_PATH`, `MALLOC_*`, `RUST_*`, `OMP_*`, `MKL_*` and the like | how libraries are found and how many threads they use |
//! | `PROTEA_*` | protea's own |
//! | those that begin with the runner's name, such as `KNN_CACHE` for `knn` | the runner's own |
//! | those that the caller names | what a runner needs beyond that |
//!
//! A variable that looks like a credential is never passed, whoever names it.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

/// The environment of a worker, chosen from that of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Environment {
    /// The variables that the worker gets.
    pub passed: Vec<(OsString, OsString)>,
    /// The names of variables that were asked for and look like credentials.
    pub refused: Vec<String>,
}

/// Whole names.
const NAMES: [&str; 24] = [
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LLVM_PROFILE_FILE",
    "LOGNAME",
    "NO_COLOR",
    "NUMEXPR_NUM_THREADS",
    "PATH",
    "SHELL",
    "SOURCE_DATE_EPOCH",
    "TERM",
    "TZ",
    "TZDIR",
    "USER",
    "VECLIB_MAXIMUM_THREADS",
    "BATCH_SIZE",
    "ASAN_OPTIONS",
    "LSAN_OPTIONS",
    "MSAN_OPTIONS",
    "TSAN_OPTIONS",
    "UBSAN_OPTIONS",
];
const PREFIXES: [&str; 15] = [
    "BLAS_",
    "BLIS_",
    "BLOSC_",
    "GLIBC_",
    "GOMP_",
    "GOTO_",
    "KMP_",
    "LC_",
    "MALLOC_",
    "MKL_",
    "OMP_",
    "OPENBLAS_",
    "PROTEA_",
    "RAYON_",
    "RUST_",
];
/// Bind threads to processors, which the sandbox refuses; OpenMP then starts no thread at all.
const BINDING: [&str; 5] = [
    "GOMP_CPU_AFFINITY",
    "KMP_AFFINITY",
    "KMP_HW_SUBSET",
    "OMP_PLACES",
    "OMP_PROC_BIND",
];

impl Environment {
    /// Chooses from `variables` what a runner with this name may see. `named` lists further names.
    pub(super) fn choose(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        runner: &str,
        named: &[String],
    ) -> Self {
        let own = own_prefixes(runner);
        let mut environment = Self::default();
        for (name, value) in variables {
            let Some(text) = name.to_str() else { continue };
            let is_listed = NAMES.contains(&text)
                || PREFIXES.iter().any(|prefix| text.starts_with(prefix))
                || own.iter().any(|prefix| text.starts_with(prefix))
                || named.iter().any(|name| name == text);
            if !is_listed || BINDING.contains(&text) {
                continue;
            }
            if is_credential(text, &value) {
                environment.refused.push(text.to_owned());
            } else {
                environment.passed.push((name, value));
            }
        }
        environment
    }

    /// Sets where programs write temporary files: the only directory that a worker can write to.
    pub(super) fn set_temporary_directory(&mut self, directory: &Path) {
        for name in ["TMPDIR", "TMP", "TEMP"] {
            self.passed.push((name.into(), directory.into()));
        }
    }
}

/// The prefixes of a runner's own variables: its name and the first word of it, in capitals. For
/// `my-model2`: `MY_MODEL2_`, `MY_MODEL_` and `MY_`.
fn own_prefixes(runner: &str) -> Vec<String> {
    let name = runner.to_ascii_uppercase().replace('-', "_");
    let unnumbered = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let first = name.split('_').next().unwrap_or_default();
    let first_unnumbered = first.trim_end_matches(|letter: char| letter.is_ascii_digit());
    [name.as_str(), unnumbered, first, first_unnumbered]
        .into_iter()
        // One letter would be a prefix of other programs' variables, and AWS is not a runner.
        .filter(|prefix| prefix.len() > 1)
        .map(|prefix| format!("{prefix}_"))
        .collect()
}

/// Whether a variable looks like a credential, by its name or its value.
pub(super) fn is_credential(name: &str, value: &OsStr) -> bool {
    has_credential_name(name) || is_credential_value(&value.to_string_lossy())
}

/// Parts of names that say what the value is. `AWS_PROFILE` and `SSH_AUTH_SOCK` are no secrets, but
/// lead to some.
fn has_credential_name(name: &str) -> bool {
    const SERVICES: [&str; 18] = [
        "AWS_", "AZURE_", "BOTO_", "CI_JOB_", "DBUS_", "DOCKER_", "GCP_", "GH_", "GITHUB_",
        "GITLAB_", "GOOGLE_", "KRB5", "KUBE", "MLFLOW_", "NETRC", "SSH_", "VAULT_", "WANDB_",
    ];
    const ANYWHERE: [&str; 8] = [
        "COOKIE",
        "CREDENTIAL",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "SECRET",
        "SIGNATURE",
        "TOKEN",
    ];
    const WORDS: [&str; 9] = [
        "AUTH",
        "AUTHORIZATION",
        "BEARER",
        "CREDS",
        "DSN",
        "KEY",
        "PASS",
        "PWD",
        "SESSION",
    ];
    let name = name.to_ascii_uppercase();
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    SERVICES.iter().any(|service| name.starts_with(service))
        || ANYWHERE.iter().any(|part| name.contains(part))
        || words.any(|word| {
            // `APIKEY`, `PGPASS`, `KEY2`.
            let word = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
            WORDS.contains(&word)
                || ["KEY", "KEYS", "PASS"]
                    .iter()
                    .any(|end| word.ends_with(end))
        })
}

/// A URL with a password, a private key, or a token whose issuer marks it.
fn is_credential_value(value: &str) -> bool {
    const MARKS: [&str; 14] = [
        "AKIA",
        "ASIA",
        "Basic ",
        "Bearer ",
        "eyJ",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "hf_",
        "sk-",
        "xoxb-",
        "xoxp-",
    ];
    let has_password = value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
    });
    has_password
        || value.contains("-----BEGIN ")
        || MARKS.iter().any(|mark| value.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(variables: &[(&str, &str)], runner: &str, named: &[&str]) -> Vec<String> {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
        let environment = Environment::choose(variables, runner, &named);
        let names = environment.passed.into_iter();
        names.map(|(name, _)| name.into_string().unwrap()).collect()
    }

    #[test]
    fn a_runner_gets_the_list_its_own_and_the_named() {
        let variables = [
            ("PATH", "/usr/bin"),
            ("LC_ALL", "C"),
            ("OMP_NUM_THREADS", "2"),
            ("OMP_PROC_BIND", "close"),
            ("PROTEA_LOG", "debug"),
            ("KNN_CACHE", "/cache"),
            ("KNOWN", "x"),
            ("BLASTDB", "/db"),
            ("EDITOR", "vi"),
            ("LD_PRELOAD", "/tmp/other.so"),
        ];
        let always = ["PATH", "LC_ALL", "OMP_NUM_THREADS", "PROTEA_LOG"];
        assert_eq!(passed(&variables, "toy", &[]), always);
        let expected = [&always[..], &["KNN_CACHE"]].concat();
        assert_eq!(passed(&variables, "knn", &[]), expected);
        assert_eq!(passed(&variables, "knn-2", &[]), expected);
        assert_eq!(passed(&variables, "knn2", &[]), expected);
        let expected = [&always[..], &["BLASTDB"]].concat();
        assert_eq!(passed(&variables, "toy", &["BLASTDB"]), expected);
    }

    #[test]
    fn a_credential_is_not_passed_whoever_names_it() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_PROFILE",
            "MLFLOW_TRACKING_PASSWORD",
            "MLFLOW_TRACKING_USERNAME",
            "WANDB_API_KEY",
            "EVIL_APIKEY",
            "EVIL_KEY2",
            "EVIL_TOKEN",
            "evil_passwd",
            "PGPASSWORD",
            "KRB5CCNAME",
            "SSH_AUTH_SOCK",
            "PROTEA_SESSION",
            "GITHUB_TOKEN",
            "OMP_SECRET",
        ] {
            assert!(passed(&[(name, "x")], "evil", &[name]).is_empty(), "{name}");
        }
        for value in [
            "https://me:word@example.org/simple",
            "http://ok.example,https://me:word@proxy:3128",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "Bearer abc",
            "ghp_0123456789",
        ] {
            assert!(
                passed(&[("EVIL_AT", value)], "evil", &[]).is_empty(),
                "{value}"
            );
        }
        for (name, value) in [
            ("EVIL_AT", "https://example.org/a:b@c"),
            ("EVIL_KEYBOARD", "x"),
            ("EVIL_PASSES", "3"),
            ("EVIL_FIT", "probe"),
        ] {
            assert_eq!(passed(&[(name, value)], "evil", &[]), [name]);
        }
    }

    #[test]
    fn what_was_asked_for_and_refused_is_named() {
        let variables = [("EVIL_TOKEN", "x"), ("AWS_REGION", "y")];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::choose(variables, "evil", &[]);
        assert_eq!(environment.refused, ["EVIL_TOKEN"]);
    }
}
