//! The version of the contract, and the gate that a runner passes before its code is loaded.

use semver::Version;

/// The version of the contract that this crate implements, a semantic version.
///
/// Within one major version, requests, results and the root module only grow, so a runner and a
/// host of different minor versions work together, whichever is older. See [Versions](crate#versions).
///
/// It is this crate's version, because `abi_stable` compares that as well.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a host does not accept a runner's contract version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionMismatch {
    /// The major versions differ.
    #[error(
        "it was built for contract {runner}, this host supports {CONTRACT_VERSION}: {}",
        remedy(runner)
    )]
    Major {
        /// The contract that the runner was built for.
        runner: Version,
    },
    /// The runner's contract version is not a semantic version.
    #[error(
        "its contract version {text:?} is not a semantic version: rebuild it against protea-contracts {CONTRACT_VERSION}"
    )]
    Unreadable {
        /// The version in the runner's descriptor.
        text: String,
    },
}

fn remedy(runner: &Version) -> String {
    if runner.major > host().major {
        format!(
            "update protea to a release that supports contract {}",
            runner.major
        )
    } else {
        format!("rebuild the runner against protea-contracts {CONTRACT_VERSION}")
    }
}

fn host() -> Version {
    Version::parse(CONTRACT_VERSION).expect("CONTRACT_VERSION is checked by a test")
}

/// Whether this host can call a runner built for `contract_version`.
///
/// # Errors
///
/// [`VersionMismatch`]; its message names both versions and the remedy in one line.
///
/// ```
/// use protea_contracts::version::accept;
///
/// assert!(accept("1.7.2").is_ok());
/// assert!(accept("2.0.0").unwrap_err().to_string().contains("2.0.0"));
/// ```
pub fn accept(contract_version: &str) -> Result<(), VersionMismatch> {
    let runner = Version::parse(contract_version).map_err(|_| VersionMismatch::Unreadable {
        text: contract_version.to_owned(),
    })?;
    if runner.major == host().major {
        Ok(())
    } else {
        Err(VersionMismatch::Major { runner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_version_is_a_semantic_version() {
        assert_eq!(host().to_string(), CONTRACT_VERSION);
    }

    #[test]
    fn an_old_runner_must_be_rebuilt_and_a_new_one_needs_a_new_host() {
        let older = accept("0.9.0").unwrap_err().to_string();
        assert_eq!(
            older,
            format!(
                "it was built for contract 0.9.0, this host supports {CONTRACT_VERSION}: rebuild the runner against protea-contracts {CONTRACT_VERSION}"
            )
        );
        let newer = accept("2.1.0").unwrap_err().to_string();
        assert!(newer.ends_with("update protea to a release that supports contract 2"));
        assert!(matches!(
            accept("one"),
            Err(VersionMismatch::Unreadable { .. })
        ));
    }
}
