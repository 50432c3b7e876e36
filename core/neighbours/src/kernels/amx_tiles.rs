//! Access to the tile registers of AMX: whether they may be used, and their shape.
//!
//! Linux gives a process the tiles only on request, because they add 8 KiB to the state of every
//! thread that uses them.
#![allow(unsafe_code)]

use std::{
    arch::{
        asm,
        x86_64::{__cpuid, __cpuid_count, _xgetbv},
    },
    cell::Cell,
    sync::OnceLock,
};

/// The bits of XCR0 for the configuration and the data of tiles.
const TILE_STATE: u64 = 0b11 << 17;
/// The system call `arch_prctl`, its request for a state, and the state of tile data.
const ARCH_PRCTL: u64 = 158;
const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
const XFEATURE_XTILE_DATA: u64 = 18;

thread_local! {
    /// Whether a [`TileSession`] of this thread exists.
    static CONFIGURED: Cell<bool> = const { Cell::new(false) };
}

/// The argument of `ldtilecfg`: eight tiles of sixteen rows with 64 bytes.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

static CONFIGURATION: Configuration = {
    let mut bytes = [0; 64];
    // The palette.
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        // Bytes of a row, as 16 bits, and rows.
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = 16;
        tile += 1;
    }
    Configuration(bytes)
};

/// Whether this processor multiplies tiles of bytes, and the system lets this process do so. Asks once.
pub(super) fn are_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| has_instructions() && request_tiles())
}

fn has_instructions() -> bool {
    let os_saves_state = __cpuid(1).ecx >> 27 & 1 == 1;
    if !os_saves_state || __cpuid(0).eax < 7 || !is_x86_feature_detected!("xsave") {
        return false;
    }
    let features = __cpuid_count(7, 0).edx;
    let (tiles, bytes) = (features >> 24 & 1 == 1, features >> 25 & 1 == 1);
    // SAFETY: the processor has `xgetbv`, and the system enabled it (OSXSAVE).
    tiles && bytes && unsafe { enabled_state() } & TILE_STATE == TILE_STATE
}

#[target_feature(enable = "xsave")]
fn enabled_state() -> u64 {
    // SAFETY: register 0 exists where `xgetbv` does.
    unsafe { _xgetbv(0) }
}

fn request_tiles() -> bool {
    let result: i64;
    // SAFETY: this system call takes two numbers and accesses no memory of the process. It clobbers
    // `rcx` and `r11`.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// While it exists, the tiles of this thread are configured. Dropping the first one of a thread releases
/// them, so that the system need not save them.
///
/// No other code may change the tiles meanwhile, so a session must not outlive a call of foreign code.
pub(crate) struct TileSession {
    first: bool,
}

impl TileSession {
    /// Configures the tiles, if [`are_available`] returned true. The caller must have asked.
    pub(super) fn start() -> Self {
        let first = !CONFIGURED.get();
        if first {
            assert!(are_available());
            // SAFETY: the processor has tiles, and the process may use them.
            unsafe {
                asm!("ldtilecfg [{}]", in(reg) CONFIGURATION.0.as_ptr(), options(nostack, readonly));
            }
            CONFIGURED.set(true);
        }
        Self { first }
    }
}

impl Drop for TileSession {
    fn drop(&mut self) {
        if self.first {
            CONFIGURED.set(false);
            // SAFETY: the processor has tiles; their content is not needed any more.
            unsafe {
                asm!("tilerelease", options(nostack, nomem));
            }
        }
    }
}
