//! The key of a single reference from its whole row.

use super::{queries::Batch, shared::Shared};
use crate::{
    kernels::{KeyKernel, TileKernel},
    metric::DistanceMetric,
};

/// Norms between which products in single precision neither overflow nor underflow.
const PLAIN_NORMS: std::ops::Range<f64> = 1e-12..1e12;

/// The key of a reference, with an error within the bound of the query's scale. `None` if products in
/// single precision may overflow or underflow. `scratch` holds the row if it has to be converted.
pub(super) fn row_key<K: KeyKernel, L: TileKernel>(
    shared: &Shared<'_, '_, K, L>,
    batch: &Batch<L>,
    query: usize,
    member: usize,
    scratch: &mut Vec<f32>,
) -> Option<f32> {
    let index = shared.index;
    let scale = batch.scales[query]?;
    let norm = index.sizes[member].norm();
    let divisor = index.divisor(member);
    let own = batch.squared_norms[query].sqrt();
    if ![norm, divisor, own]
        .iter()
        .all(|norm| PLAIN_NORMS.contains(norm))
    {
        return None;
    }
    let row = index.references.row(index.members[member] as usize);
    let row = row.as_f32(scratch);
    let sum = shared.product.dot(batch.row(shared.queries, query), row);
    let product = f64::from(sum) * f64::from(scale.scale) / divisor;
    Some(match index.metric {
        DistanceMetric::Cosine => product as f32,
        DistanceMetric::L2 => {
            let norm = norm / divisor;
            (product - norm * norm / 2.0 * f64::from(scale.offset_factor)) as f32
        }
    })
}
