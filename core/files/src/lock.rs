//! Locks that other processes cannot hold for ever.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind},
    thread,
    time::{Duration, Instant},
};

/// The first pause between two attempts; it is doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How a file is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// By one process.
    Exclusive,
    /// By any number of processes, none of which has an exclusive lock.
    Shared,
}

/// Locks a file or directory, and waits at most this long for other processes.
///
/// # Errors
///
/// [`ErrorKind::TimedOut`] if another process still holds the lock: it hangs, is stopped, or was never
/// going to release it. Those of the system.
pub fn lock_within(file: &File, lock: Lock, most: Duration) -> io::Result<()> {
    let deadline = Instant::now() + most;
    let mut pause = FIRST_PAUSE;
    loop {
        let locked = match lock {
            Lock::Exclusive => file.try_lock(),
            Lock::Shared => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(pause);
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                let seconds = most.as_secs();
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    format!(
                        "another process has held its lock for {seconds} s; wait for that process \
                         or end it"
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_released_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::open(file.path()).unwrap();
        let (first, second) = (open(), open());
        lock_within(&first, Lock::Shared, Duration::ZERO).unwrap();
        lock_within(&second, Lock::Shared, Duration::ZERO).unwrap();
        let third = open();
        let most = Duration::from_millis(20);
        let error = lock_within(&third, Lock::Exclusive, most).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        drop((first, second));
        lock_within(&third, Lock::Exclusive, most).unwrap();
    }
}
