//! Scores of groups of proteins: where a method does well and where it fails.

use protea_cafa::scoring::ProteinCounts;

/// How proteins are grouped.
pub struct Grouping {
    /// What they are grouped by.
    pub title: &'static str,
    /// The names of the groups, in their order.
    pub labels: Vec<String>,
}

/// The scores of a group at the threshold of the Fmax of all proteins, averaged as CAFA does:
/// precision over the proteins with predictions, recall over all.
#[derive(Clone, Debug, PartialEq)]
pub struct Stratum {
    /// The number of its group.
    pub group: usize,
    /// Number of proteins.
    pub proteins: usize,
    /// Precision; `None` without predictions.
    pub precision: Option<f64>,
    /// Recall.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f: f64,
}

/// The groups that have proteins. `group_of` gives the number of the group of a protein.
pub fn grouped(
    proteins: &[ProteinCounts],
    groups: usize,
    group_of: &dyn Fn(&ProteinCounts) -> Option<usize>,
) -> Vec<Stratum> {
    let mut members: Vec<Vec<&ProteinCounts>> = vec![Vec::new(); groups];
    for protein in proteins {
        if let Some(group) = group_of(protein).filter(|group| *group < groups) {
            members[group].push(protein);
        }
    }
    let members = members.into_iter().enumerate();
    members
        .filter(|(_, members)| !members.is_empty())
        .map(|(group, members)| {
            let predicted: Vec<f64> = members
                .iter()
                .filter(|protein| protein.predicted > 0)
                .map(|protein| protein.precision())
                .collect();
            let mean = |sum: f64, count: usize| sum / count as f64;
            let precision =
                (!predicted.is_empty()).then(|| mean(predicted.iter().sum(), predicted.len()));
            let recalls = members.iter().map(|protein| protein.recall());
            let recall = mean(recalls.sum(), members.len());
            let p = precision.unwrap_or(0.0);
            let f = if p + recall > 0.0 {
                2.0 * p * recall / (p + recall)
            } else {
                0.0
            };
            Stratum {
                group,
                proteins: members.len(),
                precision,
                recall,
                f,
            }
        })
        .collect()
}

/// Three values that divide finite values into four groups of about the same size; fewer if values
/// repeat, none if all are the same.
pub fn quartiles(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&first), count) = (sorted.first(), sorted.len()) else {
        return Vec::new();
    };
    let mut bounds: Vec<f64> = (1..4).map(|part| sorted[count * part / 4]).collect();
    bounds.dedup();
    bounds.retain(|bound| *bound > first);
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_within_the_values() {
        assert_eq!(quartiles((0..8).map(f64::from)), [2.0, 4.0, 6.0]);
        assert!(quartiles([1.0; 5].into_iter()).is_empty());
        assert!(quartiles([f64::NAN].into_iter()).is_empty());
    }
}
