//! How sure an Fmax is: the bootstrap over proteins.
//!
//! A resample draws as many proteins as the ground truth has in a namespace, with replacement, and computes Fmax over all thresholds for
//! those: the threshold of Fmax is chosen anew each time. The spread of many resamples stands for that of Fmax over benchmarks of the same
//! size. B. Efron and R. Tibshirani, *An Introduction to the Bootstrap*, 1993, chapters 6 and 13; CAFA does so too, 10,000 times
//! (P. Radivojac et al., Nature Methods 10 (2013) 221; Y. Jiang et al., Genome Biology 17 (2016) 184).
//!
//! What each protein adds to precision and recall at each threshold is counted once; a resample is then a weighted sum. The sums are
//! taken in the order of [`evaluate`](super::evaluate), so that drawing every protein once gives its Fmax to the last bit.
//!
//! # The draws
//! Draw *j* of resample *b* takes, of the *n* proteins in the order of the ground truth, number ⌊*w n* / 2⁶⁴⌋, where *w* is output number *b n* + *j*
//! of SplitMix64 with the seed (all from 0). So resamples depend neither on threads nor on the method: two methods that are scored
//! against one ground truth have the same draws, and their difference is resampled as a pair.

mod contributions;
mod draws;
mod interval;
mod resampling;

pub use interval::{Difference, Interval};
pub use resampling::{Bootstrap, Resampled, resample};
