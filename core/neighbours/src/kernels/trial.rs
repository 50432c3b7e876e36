//! Which kernel is the fastest: measured once per process, on made-up numbers, in about 0.2 ms.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::Amx;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx2Bytes, Avx512, AvxVnni, Vnni, Vnni8};
use super::{BoundLanes, BoundRow, Kernel, TileKernel};
#[cfg(target_arch = "aarch64")]
use super::{Neon, NeonBytes};
use crate::aligned::Aligned;

/// Columns of the vectors, which fit into the first-level cache.
const WIDTH: usize = 256;
/// Products of the same vectors in one measurement, and measurements, of which the best counts.
const REPEATS: u32 = 4;
const MEASUREMENTS: usize = 5;
/// A kernel replaces one that is meant to be faster only if it needs at most this share of its time.
const CLEARLY_FASTER: f64 = 0.9;

impl Kernel {
    /// The kernels that this processor supports, the fastest first. The first call measures them.
    pub(crate) fn fastest_first() -> &'static [Kernel] {
        static ORDER: OnceLock<Vec<Kernel>> = OnceLock::new();
        ORDER.get_or_init(|| {
            let measured = Kernel::available().into_iter().rev();
            order(measured.map(|kernel| (kernel, seconds(kernel))).collect())
        })
    }
}

/// Sorts kernels, which come in the order expected, by their time. A small difference may be noise, so
/// that it does not change the order.
fn order(mut kernels: Vec<(Kernel, f64)>) -> Vec<Kernel> {
    let mut sorted = Vec::new();
    while !kernels.is_empty() {
        let mut best = 0;
        for (at, (_, seconds)) in kernels.iter().enumerate() {
            if *seconds < kernels[best].1 * CLEARLY_FASTER {
                best = at;
            }
        }
        sorted.push(kernels.remove(best).0);
    }
    sorted
}

/// Seconds per product of two numbers: of whole rows, and of leading coordinates or bytes.
fn seconds(kernel: Kernel) -> f64 {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => both(Avx2::detect(), Avx2Bytes::detect()),
        #[cfg(target_arch = "x86_64")]
        Kernel::AvxVnni => both(Avx2::detect(), AvxVnni::detect()),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => both(Avx512::<2>::detect(), Avx512::<2>::detect()),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512Vnni => both(Vnni::<2>::detect(), Vnni8::<2>::detect()),
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        Kernel::Amx => both(Vnni::<2>::detect(), Amx::detect()),
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon => match NeonBytes::detect() {
            Some(bytes) => both(Neon::detect(), Some(bytes)),
            None => both(Neon::detect(), Neon::detect()),
        },
        // Not measured: every other kernel is faster.
        _ => f64::INFINITY,
    }
}

fn both<K: TileKernel, L: TileKernel>(rows: Option<K>, bytes: Option<L>) -> f64 {
    match (rows, bytes) {
        (Some(rows), Some(bytes)) => measure(rows) + measure(bytes),
        _ => f64::INFINITY,
    }
}

fn measure<L: TileKernel>(kernel: L) -> f64 {
    let panel = Aligned::<L::Packed>::new(WIDTH * L::QUERIES);
    let tile = Aligned::<L::Packed>::new(WIDTH * L::ROWS);
    let rows = vec![BoundRow::default(); L::ROWS];
    let mut sums = Aligned::<L::Sum>::new(L::ROWS * L::QUERIES);
    let mut masks = vec![0; L::ROWS];
    let (starts, zeros) = (vec![L::Sum::default(); L::QUERIES], vec![0.0; L::QUERIES]);
    let thresholds = vec![1.0; L::QUERIES];
    let lanes = BoundLanes {
        starts: &starts,
        tails: &zeros,
        offsets: &zeros,
        thresholds: &thresholds,
    };
    let _session = kernel.session();
    let mut best = Duration::MAX;
    for _ in 0..MEASUREMENTS {
        let start = Instant::now();
        for _ in 0..REPEATS {
            let (panel, tile) = std::hint::black_box((&panel, &tile));
            let lines = WIDTH / L::LINE;
            kernel.reach(panel, tile, lines, &rows, &lanes, &mut sums, &mut masks);
        }
        best = best.min(start.elapsed());
    }
    best.as_secs_f64() / (f64::from(REPEATS) * (WIDTH * L::QUERIES * L::ROWS) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_is_measured_once() {
        let order = Kernel::fastest_first();
        assert_eq!(order.len(), Kernel::available().len());
        assert_eq!(order.last(), Some(&Kernel::Portable));
        for kernel in Kernel::available() {
            assert!(order.contains(&kernel), "{kernel:?}");
        }
    }

    #[test]
    fn the_time_decides_and_noise_does_not() {
        use Kernel::{Amx, Avx2, Avx512Vnni, Portable};
        let sorted = order(vec![
            (Amx, 1.0),
            (Avx512Vnni, 0.95),
            (Avx2, 0.5),
            (Portable, f64::INFINITY),
        ]);
        assert_eq!(sorted, [Avx2, Amx, Avx512Vnni, Portable]);
    }
}
