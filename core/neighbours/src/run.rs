//! The entry of a search: checks the arguments, chooses the kernel and starts the scan.

#[cfg(target_arch = "x86_64")]
use crate::kernels::{Avx2, Avx2Bytes, Avx512, Vnni, Vnni8};
#[cfg(target_arch = "aarch64")]
use crate::kernels::{Neon, NeonBytes};
use crate::{
    error::NeighbourSearchError,
    index::{Index, Pruning, SearchOptions},
    kernels::{Kernel, KeyKernel, Portable, TileKernel},
    leading,
    neighbours::Neighbours,
    precision::Precision,
    rows::{Matrix, RowBlock},
    scan,
};

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
        // With a large relative error, the integer kernel selects too many candidates to be faster.
        let integers = self.index.scaling(Precision::Int16).is_useful();
        if Kernel::Avx512Vnni.is_available() && integers {
            self.with_kernel(Kernel::Avx512Vnni)
        } else if Kernel::Avx512.is_available() {
            self.with_kernel(Kernel::Avx512)
        } else if Kernel::Avx2.is_available() {
            self.with_kernel(Kernel::Avx2)
        } else if Kernel::Neon.is_available() {
            self.with_kernel(Kernel::Neon)
        } else {
            self.with_kernel(Kernel::Portable)
        }
    }

    fn with_kernel(&self, kernel: Kernel) -> Result<Neighbours, NeighbourSearchError> {
        match self.pruned(kernel) {
            Some(result) => result,
            None => self.whole(kernel),
        }
    }

    /// The search by leading directions, or `None` if it does not apply.
    fn pruned(&self, kernel: Kernel) -> Option<Result<Neighbours, NeighbourSearchError>> {
        let directions = match self.options.pruning {
            Pruning::Off => return None,
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
            Kernel::Avx2 => self.scan(Avx2::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 if few => self.scan(Avx512::<1>::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => self.scan(Avx512::<2>::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni if few => self.scan(Vnni::<1>::detect(), kernel),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Vnni => self.scan(Vnni::<2>::detect(), kernel),
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
        Ok(found.with_method(kernel, None))
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
