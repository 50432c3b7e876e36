//! The number of threads that LightGBM works with.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

/// With fewer rows, threads wait for each other longer than they work.
const MIN_PARALLEL_ROWS: usize = 20_000;

/// The number of threads that all calls under way use, and how many hold it.
static IN_USE: Mutex<InUse> = Mutex::new(InUse {
    threads: 1,
    holders: 0,
});

struct InUse {
    threads: usize,
    holders: usize,
}

fn in_use() -> MutexGuard<'static, InUse> {
    // Two numbers stay valid whatever happened to the thread that held the lock.
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of threads that stays the same in the whole process while this value exists.
///
/// LightGBM keeps the number in one global variable, which each call sets from its parameters, and
/// sizes its buffers by it. If another call changes the number between the sizing and the use of a
/// buffer, LightGBM writes past its end. Calls at the same time therefore use the number of the
/// first of them; results do not depend on it.
pub(crate) struct Threads(usize);

impl Threads {
    /// The number for work on this many rows: at most `wanted`, or the number in use. If `wanted` is
    /// 0, it is the number of processors that this process may use, by its affinity and its control
    /// group. LightGBM itself would count all of the machine, also in a container that may use two.
    pub(crate) fn claim(rows: usize, wanted: usize) -> Self {
        let mut in_use = in_use();
        if in_use.holders == 0 {
            in_use.threads = match wanted {
                _ if rows < MIN_PARALLEL_ROWS => 1,
                0 => thread::available_parallelism().map_or(1, usize::from),
                wanted => wanted,
            };
        }
        in_use.holders += 1;
        Self(in_use.threads)
    }

    pub(crate) fn get(&self) -> usize {
        self.0
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        in_use().holders -= 1;
    }
}
