//! The curve of a method in an aspect, from an evaluation or from the table that a run wrote.

use std::path::Path;

use protea_cafa::{ontology::Aspect, scoring::NamespaceEvaluation};

use super::method::aspect_order;
use crate::read::TextTable;

/// The scores at a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// The threshold.
    pub tau: f64,
    /// Precision.
    pub pr: f64,
    /// Recall.
    pub rc: f64,
    /// Harmonic mean of precision and recall.
    pub f: f64,
    /// Coverage.
    pub cov: f64,
    /// Remaining uncertainty.
    pub ru: f64,
    /// Misinformation.
    pub mi: f64,
    /// Semantic distance.
    pub s: f64,
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The method.
    pub method: String,
    /// `MFO`, `BPO`, `CCO`, or the name of another namespace.
    pub aspect: String,
    /// Whether remaining uncertainty and misinformation are weighted by information accretion, so in
    /// bits.
    pub weighted: bool,
    /// The points, by ascending threshold.
    pub points: Vec<CurvePoint>,
}

impl Curve {
    /// The curve of an evaluation.
    pub fn from_evaluation(method: &str, aspect: &str, scored: &NamespaceEvaluation) -> Self {
        let weighted = scored.curve.iter().all(|point| point.weighted.is_some());
        let points = scored.curve.iter().map(|point| {
            let distance = point.weighted.filter(|_| weighted).unwrap_or(point.scores);
            CurvePoint {
                tau: point.tau,
                pr: point.scores.pr,
                rc: point.scores.rc,
                f: point.scores.f,
                cov: point.scores.cov,
                ru: distance.ru,
                mi: distance.mi,
                s: distance.s,
            }
        });
        Self {
            method: method.to_owned(),
            aspect: aspect.to_owned(),
            weighted,
            points: points.collect(),
        }
    }

    /// The curves in `evaluation_all.tsv` of the directory of predictions, with three decimals.
    ///
    /// # Errors
    ///
    /// Why there are none.
    pub fn read(method: &str, predictions: &Path) -> Result<Vec<Self>, String> {
        let (table, _) = TextTable::read(&predictions.join("evaluation_all.tsv"))?;
        let weighted = table.columns().iter().any(|column| column == "s_w");
        let mut curves: Vec<Self> = Vec::new();
        for row in table.rows() {
            let aspect = aspect_name(row.text("ns"));
            let suffix = if weighted { "_w" } else { "" };
            let distance = |name: &str| row.number(&format!("{name}{suffix}"));
            let point = || {
                Some(CurvePoint {
                    tau: row.number("tau")?,
                    pr: row.number("pr")?,
                    rc: row.number("rc")?,
                    f: row.number("f")?,
                    cov: row.number("cov")?,
                    ru: distance("ru")?,
                    mi: distance("mi")?,
                    s: distance("s")?,
                })
            };
            let Some(point) = point() else {
                continue;
            };
            match curves.iter_mut().find(|curve| curve.aspect == aspect) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Self {
                    method: method.to_owned(),
                    aspect,
                    weighted,
                    points: vec![point],
                }),
            }
        }
        curves.sort_by_cached_key(|curve| aspect_order(&curve.aspect));
        Ok(curves)
    }

    /// The point of the highest F; of several the one with the lowest threshold.
    pub fn fmax(&self) -> Option<&CurvePoint> {
        self.points
            .iter()
            .reduce(|a, b| if b.f > a.f { b } else { a })
    }

    /// The point of the lowest semantic distance; of several the one with the lowest threshold.
    pub fn smin(&self) -> Option<&CurvePoint> {
        self.points
            .iter()
            .reduce(|a, b| if b.s < a.s { b } else { a })
    }
}

/// The short name of a namespace of GO, or its own name.
fn aspect_name(namespace: &str) -> String {
    let aspect = Aspect::from_namespace(namespace);
    aspect.map_or(namespace, |aspect| aspect.name()).to_owned()
}
