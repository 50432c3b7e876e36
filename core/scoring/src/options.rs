//! The options of a scoring, named as cafaeval names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::ScoringError;

/// By what the sums over proteins are divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Precision by the proteins with a prediction at the threshold, all else by those of the ground truth: as CAFA does.
    #[default]
    Cafa,
    /// Everything by the proteins with a prediction at the threshold.
    Pred,
    /// Everything by the proteins of the ground truth.
    Gt,
}

/// How predicted scores are carried to ancestors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// A term has at least the score of each of its children.
    #[default]
    Max,
    /// Only terms without a score of their own take the highest of their children's.
    Fill,
}

macro_rules! words {
    ($type:ty, $what:literal, $($variant:ident => $word:literal),+) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $word),+ })
            }
        }

        impl FromStr for $type {
            type Err = ScoringError;

            fn from_str(text: &str) -> Result<Self, ScoringError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(ScoringError::Option {
                        option: $what,
                        value: text.to_owned(),
                        expected: concat!($("`", $word, "` "),+),
                    }),
                }
            }
        }
    };
}
words!(Norm, "norm", Cafa => "cafa", Pred => "pred", Gt => "gt");
words!(Propagation, "prop", Max => "max", Fill => "fill");

/// Everything that changes the scores, with cafaeval's defaults.
///
/// ```
/// use protea_scoring::{Norm, ScoringOptions};
/// let options = ScoringOptions { norm: Norm::Gt, max_terms: Some(500), ..ScoringOptions::default() };
/// assert_eq!(options.th_step, 0.01);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoringOptions {
    /// By what sums are divided; `cafa`.
    pub norm: Norm,
    /// How predictions are propagated; `max`. The ground truth is always propagated.
    pub prop: Propagation,
    /// Leave terms without a parent (roots) out of the unweighted scores; `false`. The weighted ones go by the information
    /// accretion alone, which is 0 for a root.
    pub no_orphans: bool,
    /// Distance between thresholds, also the first one; 0.01. At least 0.00001 and below 1.
    pub th_step: f64,
    /// Take only so many terms plus one per protein and namespace, in the order of the file, before propagation: as cafaeval
    /// does, whose comparison is one off. `None`: all.
    pub max_terms: Option<usize>,
}

impl Default for ScoringOptions {
    fn default() -> Self {
        ScoringOptions {
            norm: Norm::default(),
            prop: Propagation::default(),
            no_orphans: false,
            th_step: 0.01,
            max_terms: None,
        }
    }
}
