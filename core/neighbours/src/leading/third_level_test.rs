//! Large indexes have no third level. Here a small one is searched without it.

use std::sync::Arc;

use super::{basis::leading_directions, plan::Directions, references::Leading};
use crate::{
    DistanceMetric, Index, Kernel, Membership, Pruning, RowBlock, SearchOptions, Values,
    kernels::Portable, test_vectors::noise,
};

const WIDTH: usize = 64;

#[test]
fn rows_decide_without_a_third_level() {
    let mut references = noise(3, 400, WIDTH);
    // Norms for which products in single precision underflow or overflow.
    for (row, factor) in [(5, 1e-30), (6, 1e-42), (7, 0.0), (8, 1e14)] {
        for value in &mut references[row * WIDTH..(row + 1) * WIDTH] {
            *value *= factor;
        }
    }
    let mut queries = references[WIDTH * 3..WIDTH * 12].to_vec();
    queries.extend(noise(4, 40, WIDTH));
    let block = |values| RowBlock {
        first_row: 0,
        rows: <[f32]>::len(values) / WIDTH,
        values: Values::F32(values),
    };
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        let blocks = vec![block(&references)];
        let index = Index::new(WIDTH, blocks, Membership::All, metric).unwrap();
        let search = |pruning| {
            let options = SearchOptions {
                kernel: Some(Kernel::Portable),
                pruning,
                ..SearchOptions::nearest(6)
            };
            let report = |_, _| true;
            index.search(&[block(&queries)], &options, &report).unwrap()
        };
        let levels = Directions::new(8);
        let basis = leading_directions(Portable, &index, levels.all);
        let mut leading =
            Leading::<Portable, Portable>::new(Portable, &index, levels.first, &basis).unwrap();
        assert!(!leading.bytes.as_slice().is_empty());
        (leading.bytes, leading.byte_rows) = Default::default();
        let mut prepared = index.prepared.lock().unwrap();
        prepared.push((Some(8), Arc::new(leading)));
        drop(prepared);
        assert_eq!(search(Pruning::Directions(8)), search(Pruning::Off));
    }
}
