//! Shows the progress of work that another thread counts.

use std::{sync::mpsc, thread, time::Duration};

use super::Reporter;

/// How often the count is read.
const INTERVAL: Duration = Duration::from_millis(200);

/// Does `work` and shows what `count` says meanwhile.
pub fn watched<T>(
    reporter: &Reporter,
    count: impl Fn(&Reporter) + Send,
    work: impl FnOnce() -> T,
) -> T {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        // Without a thread, the work is done without being shown.
        let _ = thread::Builder::new().spawn_scoped(scope, move || {
            while is_done.recv_timeout(INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
                count(reporter);
            }
        });
        let result = work();
        drop(done);
        result
    })
}
