//! The options of scoring, with the names of cafaeval.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::ScoringError;

/// The divisor of the sums over proteins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Norm {
    /// Precision is divided by the number of proteins with a prediction at the threshold, all other
    /// values by the number of proteins of the ground truth, as in CAFA.
    #[default]
    Cafa,
    /// All values are divided by the number of proteins with a prediction at the threshold.
    Pred,
    /// All values are divided by the number of proteins of the ground truth.
    Gt,
}

/// How predicted scores are propagated to ancestors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Propagation {
    /// A term has at least the score of each of its children.
    #[default]
    Max,
    /// Only a term without an own score gets the highest score of its children.
    Fill,
}

/// Implements `Display` and `FromStr` for the named values of an option.
macro_rules! option_values {
    ($type:ty, $option:literal, $($variant:ident => $word:literal),+) => {
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
                        option: $option,
                        value: text.to_owned(),
                        expected: concat!($("`", $word, "` "),+),
                    }),
                }
            }
        }
    };
}
option_values!(Norm, "norm", Cafa => "cafa", Pred => "pred", Gt => "gt");
option_values!(Propagation, "prop", Max => "max", Fill => "fill");

/// All options that change the scores, with the defaults of cafaeval.
///
/// ```
/// use protea_scoring::{Norm, ScoringOptions};
/// let options = ScoringOptions {
///     norm: Norm::Gt,
///     max_terms: Some(500),
///     ..ScoringOptions::default()
/// };
/// assert_eq!(options.th_step, 0.01);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoringOptions {
    /// The divisor of the sums over proteins. Default: `cafa`.
    pub norm: Norm,
    /// How predictions are propagated. Default: `max`. The ground truth is always propagated.
    pub prop: Propagation,
    /// Whether to exclude terms without a parent (roots) from the unweighted scores. Default:
    /// `false`. It does not affect the weighted scores, in which the information accretion of a
    /// root is 0.
    pub no_orphans: bool,
    /// Distance between thresholds, and the first threshold. At least 0.00001 and below 1. Default:
    /// 0.01.
    pub th_step: f64,
    /// Use only the first `max_terms` + 1 terms per protein and namespace, in the order of the
    /// file, before propagation. The + 1 reproduces an off-by-one error of cafaeval. Default:
    /// `None`, all terms.
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
