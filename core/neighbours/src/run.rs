//! The entry of a search: checks the arguments, chooses the kernel and starts the scan.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::kernels::Amx;
#[cfg(target_arch = "x86_64")]
use crate::kernels::{Avx2, Avx2Bytes, Avx512, AvxVnni, Vnni, Vnni8};
#[cfg(target_arch = "aarch64")]
use crate::kernels::{Neon, NeonBytes};
use crate::{
    byte_scan,
    error::NeighbourSearchError,
    index::{Index, Pruning, SearchOptions},
    kernels::{Kernel, KeyKernel, Portable, TileKernel},
    leading,
    neighbours::{Neighbours, SearchMethod},
    precision::Precision,
    rows::{Matrix, RowBlock},
    scan,
};

/// Bytes are multiplied instead of excluding references first if that takes at most this share of the
/// time that multiplying the rows themselves takes.
const INSTEAD_OF_PRUNING: f64 = 0.5;
/// The same, if excluding references does not pay.
const INSTEAD_OF_ROWS: f64 = 0.9;

impl Index<'_> {
    /// Finds the nearest references of every query, exactly, on the threads of the current rayon
    /// pool.
    ///
    /// `progress(done, total)` counts pairs of a query and a reference. The threads of the pool
    /// call it every few milliseconds. If it returns false, the search stops.
    ///
    /// # Errors
    ///
    /// [`NeighbourSearchError`] if the queries are not whole rows of the width of the index or the options
    /// do not match; [`NeighbourSearchError::Cancelled`] if `progress` returned false.
    pub fn search(
        &self,
        queries: &[RowBlock<'_>],
        options: &SearchOptions<'_>,
        progress: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        let queries = Matrix::new(self.width(), queries.to_vec())?;
        if options.k == 0 {
            return Err(NeighbourSearchError::NoNeighbours);
        }
        if let Some(exclude) = options.exclude
            && exclude.len() != queries.rows()
        {
            return Err(NeighbourSearchError::ExclusionLength {
                expected: queries.rows(),
                found: exclude.len(),
            });
        }
        for labels in options.labels {
            let expected = (queries.rows(), self.rows());
            let found = (labels.queries.len(), labels.references.len());
            if found != expected {
                return Err(NeighbourSearchError::LabelLength { expected, found });
            }
        }
        match self.part_size() {
            Some(size) => self.search_parts(size, &queries, options, progress),
            None => self.search_whole(&queries, options, progress),
        }
    }

    /// Searches all references at once. The arguments are checked.
    pub(super) fn search_whole(
        &self,
        queries: &Matrix<'_>,
        options: &SearchOptions<'_>,
        progress: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        let run = Run {
            index: self,
            queries,
            options,
            progress,
        };
        match options
            .kernel
            .map_or_else(requested_kernel, |kernel| Ok(Some(kernel)))?
        {
            Some(kernel) => run.with_kernel(kernel),
            None => run.with_fastest_kernel(),
        }
    }
}

struct Run<'r, 'a> {
    index: &'r Index<'a>,
    queries: &'r Matrix<'r>,
    options: &'r SearchOptions<'r>,
    progress: &'r (dyn Fn(u64, u64) -> bool + Sync),
}

impl Run<'_, '_> {
    fn with_fastest_kernel(&self) -> Result<Neighbours, NeighbourSearchError> {
        // With a large relative error, the integer kernels select too many candidates to be faster.
        let integers = self.index.scaling(Precision::Int16).is_useful();
        let usable = |kernel: &Kernel| integers || !kernel.has_integer_rows();
        let mut fastest_first = Kernel::fastest_first().iter().copied();
        self.with_kernel(fastest_first.find(usable).unwrap_or(Kernel::Portable))
    }

    fn with_kernel(&self, kernel: Kernel) -> Result<Neighbours, NeighbourSearchError> {
        let result = match self.options.pruning {
            Pruning::Off => None,
            Pruning::Bytes => self.bytes(kernel, None),
            Pruning::Directions(_) => self.pruned(kernel),
            Pruning::Auto => self
                .bytes(kernel, Some(INSTEAD_OF_PRUNING))
                .or_else(|| self.pruned(kernel))
                .or_else(|| self.bytes(kernel, Some(INSTEAD_OF_ROWS))),
        };
        result.unwrap_or_else(|| self.whole(kernel))
    }

    /// The search that multiplies whole rows as bytes, or `None` if it does not apply, or takes more than
    /// a share of the time that multiplying the rows themselves takes.
    fn bytes(
        &self,
        kernel: Kernel,
        share: Option<f64>,
    ) -> Option<Result<Neighbours, NeighbourSearchError>> {
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => self.with_bytes(Avx2Bytes::detect(), kernel, share),
            #[cfg(target_arch = "x86_64")]
            Kernel::AvxVnni => self.with_bytes(AvxVnni::detect(), kernel, share),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni => self.with_bytes(Vnni8::<2>::detect(), kernel, share),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Kernel::Amx => self.with_bytes(Amx::detect(), kernel, share),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => self.with_bytes(NeonBytes::detect(), kernel, share),
            // Kernels without bytes, and kernels of another processor.
            _ => None,
        }
    }

    fn with_bytes<L: TileKernel>(
        &self,
        bounds: Option<L>,
        kernel: Kernel,
        share: Option<f64>,
    ) -> Option<Result<Neighbours, NeighbourSearchError>> {
        let (bounds, index, queries) = (bounds?, self.index, self.queries);
        if !byte_scan::applies::<L>(index) {
            return None;
        }
        if let Some(share) = share
            && !byte_scan::pays::<L>(index, queries, self.options.k, kernel, share)
        {
            return None;
        }
        let found = byte_scan::search(bounds, index, queries, self.options, self.progress);
        let method = SearchMethod {
            kernel,
            directions: None,
            bytes: true,
        };
        Some(found.map(|found| found.with_method(method)))
    }

    /// The search by leading directions, or `None` if it does not apply.
    fn pruned(&self, kernel: Kernel) -> Option<Result<Neighbours, NeighbourSearchError>> {
        let directions = match self.options.pruning {
            Pruning::Off | Pruning::Bytes => return None,
            Pruning::Auto => None,
            Pruning::Directions(directions) => Some(directions),
        };
        if self.index.width() > leading::MOST_COLUMNS {
            return None;
        }
        match kernel {
            Kernel::Portable => {
                self.with_bounds(Some(Portable), Some(Portable), (kernel, directions))
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => {
                self.with_bounds(Avx2::detect(), Avx2Bytes::detect(), (kernel, directions))
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::AvxVnni => {
                self.with_bounds(Avx2::detect(), AvxVnni::detect(), (kernel, directions))
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => self.with_bounds(
                Avx512::<2>::detect(),
                Avx512::<2>::detect(),
                (kernel, directions),
            ),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni => self.with_bounds(
                Vnni::<2>::detect(),
                Vnni8::<2>::detect(),
                (kernel, directions),
            ),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Kernel::Amx => {
                self.with_bounds(Vnni::<2>::detect(), Amx::detect(), (kernel, directions))
            }
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => match NeonBytes::detect() {
                Some(bytes) => self.with_bounds(Neon::detect(), Some(bytes), (kernel, directions)),
                None => self.with_bounds(Neon::detect(), Neon::detect(), (kernel, directions)),
            },
            // A kernel of another processor.
            _ => None,
        }
    }

    fn with_bounds<K: KeyKernel, L: TileKernel>(
        &self,
        kernel: Option<K>,
        bounds: Option<L>,
        directions: (Kernel, Option<usize>),
    ) -> Option<Result<Neighbours, NeighbourSearchError>> {
        leading::search(
            (kernel?, bounds?),
            self.index,
            self.queries,
            self.options,
            self.progress,
            directions,
        )
    }

    fn whole(&self, kernel: Kernel) -> Result<Neighbours, NeighbourSearchError> {
        #[cfg(target_arch = "x86_64")]
        let few = self.queries.rows() <= 16;
        match kernel {
            Kernel::Portable => self.scan(Some(Portable), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::AvxVnni => self.scan(Avx2::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 if few => self.scan(Avx512::<1>::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => self.scan(Avx512::<2>::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni | Kernel::Amx if few => self.scan(Vnni::<1>::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni | Kernel::Amx => self.scan(Vnni::<2>::detect(), kernel),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => self.scan(Neon::detect(), kernel),
            // A kernel of another processor.
            _ => self.scan(None::<Portable>, kernel),
        }
    }

    fn scan<K: KeyKernel>(
        &self,
        implementation: Option<K>,
        kernel: Kernel,
    ) -> Result<Neighbours, NeighbourSearchError> {
        let implementation = implementation.ok_or(NeighbourSearchError::KernelUnavailable {
            kernel: kernel.name(),
        })?;
        let found = scan::search(
            implementation,
            self.index,
            self.queries,
            self.options,
            self.progress,
        )?;
        Ok(found.with_method(SearchMethod {
            kernel,
            directions: None,
            bytes: false,
        }))
    }
}

/// The kernel that the environment variable `PROTEA_KERNEL` requests.
fn requested_kernel() -> Result<Option<Kernel>, NeighbourSearchError> {
    let Some(name) = std::env::var_os("PROTEA_KERNEL").filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let known = |kernel: &Kernel| name == kernel.name();
    match Kernel::available().into_iter().find(known) {
        Some(kernel) => Ok(Some(kernel)),
        None => Err(NeighbourSearchError::UnknownKernel {
            name: name.to_string_lossy().into_owned(),
            available: Kernel::available().into_iter().map(Kernel::name).collect(),
        }),
    }
}
