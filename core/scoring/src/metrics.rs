//! The summary metrics of a curve.

use serde_json::{Map, Value, json};

use crate::best_scores::{Evaluation, NamespaceEvaluation};

impl Evaluation {
    /// `{"MFO": {"fmax": …, "auc_pr": …, "coverage": …, "wfmax": …, "smin": …, "f_micro_w": …,
    /// "fmicro": …, "tau": …}, "BPO": …, "CCO": …}`.
    ///
    /// The aspects come in this order, then other namespaces under their own names. `wfmax`, `smin`
    /// and `f_micro_w` are present only with information accretion, `tau` (the threshold of Fmax) only with
    /// predictions. The methods of [`NamespaceEvaluation`] define the metrics.
    #[must_use]
    pub fn to_metrics(&self) -> Map<String, Value> {
        let mut namespaces: Vec<&NamespaceEvaluation> = self.namespaces.iter().collect();
        namespaces.sort_by_key(|n| n.aspect.map_or(usize::MAX, |a| a as usize));
        namespaces
            .into_iter()
            .map(|n| {
                let name = n.aspect.map_or(n.namespace.as_str(), |a| a.name());
                (name.to_owned(), Value::Object(n.to_metrics()))
            })
            .collect()
    }
}

impl NamespaceEvaluation {
    /// The metrics of one namespace; see [`Evaluation::to_metrics`].
    #[must_use]
    pub fn to_metrics(&self) -> Map<String, Value> {
        let mut metrics = Map::new();
        metrics.insert("fmax".to_owned(), json!(self.fmax()));
        metrics.insert("auc_pr".to_owned(), json!(self.auc_pr()));
        metrics.insert("coverage".to_owned(), json!(self.coverage()));
        let optional = [
            ("wfmax", self.wfmax()),
            ("smin", self.smin()),
            ("f_micro_w", self.wfmicro()),
            ("fmicro", Some(self.fmicro())),
            ("tau", self.tau()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                metrics.insert(name.to_owned(), json!(value));
            }
        }
        metrics
    }
}
