//! The uncertainty of Fmax: the bootstrap over proteins.
//!
//! A resample draws as many proteins as the ground truth has in a namespace, with replacement, and
//! computes their Fmax over all thresholds. Each resample has its own best threshold. The
//! distribution of Fmax over many resamples approximates that over benchmarks of the same size. B.
//! Efron and R. Tibshirani, *An Introduction to the Bootstrap*, 1993, chapters 6 and 13. CAFA uses
//! 10,000 resamples (P. Radivojac et al., Nature Methods 10 (2013) 221; Y. Jiang et al., Genome
//! Biology 17 (2016) 184).
//!
//! The contribution of each protein to precision and recall at each threshold is computed once. A
//! resample is then a weighted sum. The sums use the order of summation of
//! [`evaluate`](super::evaluate), so that drawing every protein once gives the same Fmax in every
//! bit.
//!
//! # The draws
//!
//! For draw *j* of resample *b*, *w* is output number *b n* + *j* of SplitMix64 with the seed, and *n*
//! is the number of proteins. The draw takes protein number ⌊*w n* / 2⁶⁴⌋ in the order of the ground
//! truth. All numbers start at 0. Resamples therefore depend neither on the number of threads nor on
//! the method. Two methods that are scored against one ground truth have the same draws, so their
//! difference can be resampled in pairs.

mod contributions;
mod draws;
mod interval;
mod resampling;

pub use interval::{Difference, Interval};
pub use resampling::{Bootstrap, Resampled, resample};
