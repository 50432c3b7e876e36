//! How much each setting of a search explains of the scores.

/// The importance of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// The setting.
    pub key: String,
    /// The part of the variance that it explains by itself, 0..=1, adjusted for the number of groups.
    pub explained: f64,
    /// Number of groups that its values were divided into.
    pub groups: usize,
}

/// The most groups that numbers are divided into.
const MOST_GROUPS: usize = 5;

/// The importance of each setting: the trials are grouped by its value (numbers with more than five
/// values into five groups of about the same size), and the variance between the groups is divided
/// by the variance of all. Adjusted like R²: `1 - (1 - η²)(n - 1)/(n - g)` for `n` trials in `g`
/// groups, at least 0. It sees no interactions of settings. The most important first; empty if
/// fewer than four trials have a score, or all have the same.
pub fn importance(keys: &[String], trials: &[(Vec<String>, f64)]) -> Vec<Importance> {
    let count = trials.len();
    let mean = trials.iter().map(|(_, score)| score).sum::<f64>() / count.max(1) as f64;
    let all: f64 = trials.iter().map(|(_, score)| (score - mean).powi(2)).sum();
    if count < 4 || all <= f64::EPSILON * mean.abs().max(1.0) {
        return Vec::new();
    }
    let mut found: Vec<Importance> = keys
        .iter()
        .enumerate()
        .map(|(at, key)| {
            let values: Vec<&str> = trials
                .iter()
                .map(|(params, _)| params[at].as_str())
                .collect();
            let groups = group(&values);
            let number = groups.iter().max().map_or(0, |most| most + 1);
            let mut between = 0.0;
            for group in 0..number {
                let members: Vec<f64> = groups
                    .iter()
                    .zip(trials)
                    .filter(|(other, _)| **other == group)
                    .map(|(_, (_, score))| *score)
                    .collect();
                if !members.is_empty() {
                    let own = members.iter().sum::<f64>() / members.len() as f64;
                    between += members.len() as f64 * (own - mean).powi(2);
                }
            }
            let free = count.saturating_sub(number);
            let explained = if number < 2 || free == 0 {
                0.0
            } else {
                1.0 - (1.0 - between / all) * (count - 1) as f64 / free as f64
            };
            Importance {
                key: key.clone(),
                explained: explained.clamp(0.0, 1.0),
                groups: number,
            }
        })
        .collect();
    found.sort_by(|a, b| b.explained.total_cmp(&a.explained));
    found
}

/// The number of the group of each value.
fn group(values: &[&str]) -> Vec<usize> {
    let mut distinct: Vec<&str> = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
    match numbers {
        Some(numbers) if distinct.len() > MOST_GROUPS => {
            let mut sorted = numbers.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let mut bounds: Vec<f64> = (1..MOST_GROUPS)
                .map(|part| sorted[sorted.len() * part / MOST_GROUPS])
                .collect();
            bounds.dedup();
            // A bound that is the lowest value would leave the first group empty.
            bounds.retain(|bound| *bound > sorted[0]);
            let place = |number: &f64| bounds.partition_point(|bound| bound <= number);
            numbers.iter().map(place).collect()
        }
        _ => {
            let place = |value: &&str| distinct.binary_search(value).unwrap_or_default();
            values.iter().map(place).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_the_score_is_most_important() {
        let keys = ["k".to_owned(), "metric".to_owned(), "same".to_owned()];
        let trials: Vec<(Vec<String>, f64)> = (0..20)
            .map(|at| {
                let metric = if at % 2 == 0 { "cosine" } else { "l2" };
                let params = vec![at.to_string(), metric.to_owned(), "1".to_owned()];
                (
                    params,
                    if at % 2 == 0 { 0.5 } else { 0.3 } + f64::from(at) * 1e-4,
                )
            })
            .collect();
        let found = importance(&keys, &trials);
        assert_eq!(found[0].key, "metric");
        assert!(found[0].explained > 0.99, "{found:?}");
        assert!(
            found[1].explained < 0.1 && found[2].explained == 0.0,
            "{found:?}"
        );
        assert!(importance(&keys, &trials[..3]).is_empty());
    }
}
