//! The ids of runs.

use std::io;

use protea_tracking::RunId;

/// A new run id: the time in UTC to the second, the runner, and three random bytes in hexadecimal,
/// such as `20261129T150316Z-knn-8c7ad4`.
///
/// # Errors
///
/// When the system gives no random bytes.
pub(crate) fn new_run_id(runner: &str) -> io::Result<RunId> {
    let mut random = [0; 3];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let [a, b, c] = random;
    let time = protea_tracking::now().strftime("%Y%m%dT%H%M%SZ");
    Ok(format!("{time}-{runner}-{a:02x}{b:02x}{c:02x}").into())
}
