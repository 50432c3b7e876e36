//! A search: checks what is asked for, chooses the kernel, scans with it.

use super::error::SearchError;
use super::index::{Index, SearchOptions};
#[cfg(target_arch = "x86_64")]
use super::kernels::{Avx2, Avx512, Vnni};
use super::kernels::{Kernel, Portable, TileKernel};
use super::neighbours::Neighbours;
use super::precision::Precision;
use super::rows::{Matrix, RowBlock};
use super::scan;

impl Index<'_> {
    /// The nearest references of every query, exactly, on the threads of the current rayon pool.
    ///
    /// `progress(done, total)` counts pairs of a query and a reference. It is called from the
    /// threads of the pool, every few milliseconds; when it returns false the search stops.
    ///
    /// # Errors
    /// When the queries are not whole rows of the index's width, when the options do not fit, or
    /// when `progress` asked to stop.
    pub fn search(
        &self,
        queries: &[RowBlock<'_>],
        options: &SearchOptions<'_>,
        progress: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, SearchError> {
        let queries = Matrix::new(self.width(), queries.to_vec())?;
        if options.k == 0 {
            return Err(SearchError::NoNeighbours);
        }
        if let Some(exclude) = options.exclude
            && exclude.len() != queries.rows()
        {
            return Err(SearchError::ExclusionLength {
                expected: queries.rows(),
                found: exclude.len(),
            });
        }
        if let Some(labels) = options.labels {
            let expected = (queries.rows(), self.rows());
            let found = (labels.queries.len(), labels.references.len());
            if found != expected {
                return Err(SearchError::LabelLength { expected, found });
            }
        }
        let run = Run {
            index: self,
            queries: &queries,
            options,
            progress,
        };
        match options.kernel {
            Some(kernel) => run.with(kernel),
            None => run.with_fastest(),
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
    fn with_fastest(&self) -> Result<Neighbours, SearchError> {
        // Integers with a large relative error let too many rows through to be worth it.
        let integers = self.index.scaling(Precision::Int16).is_useful();
        if Kernel::Avx512Vnni.is_available() && integers {
            self.with(Kernel::Avx512Vnni)
        } else if Kernel::Avx512.is_available() {
            self.with(Kernel::Avx512)
        } else if Kernel::Avx2.is_available() {
            self.with(Kernel::Avx2)
        } else {
            self.with(Kernel::Portable)
        }
    }

    fn with(&self, kernel: Kernel) -> Result<Neighbours, SearchError> {
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
            #[cfg(not(target_arch = "x86_64"))]
            _ => self.scan(None::<Portable>, kernel),
        }
    }

    fn scan<K: TileKernel>(
        &self,
        found: Option<K>,
        kernel: Kernel,
    ) -> Result<Neighbours, SearchError> {
        let found = found.ok_or(SearchError::KernelUnavailable {
            kernel: kernel.name(),
        })?;
        scan::search(found, self.index, self.queries, self.options, self.progress)
    }
}
