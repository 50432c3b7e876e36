//! Benchmarks of the search: kernels, shapes and groups. `search_vs_faiss.py` compares the search
//! with FAISS.
//!
//! `cargo bench -p protea-neighbours --bench search [-- FILTER]`. The throughput is in pairs of
//! query and reference per second.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use protea_neighbours::{
    DistanceMetric, Index, Kernel, Membership, RowBlock, SearchOptions, Values,
};

const WIDTH: usize = 1024;
const REFERENCES: usize = 20_000;

/// Rows of seeded uniform noise. Their distances are as close together as those of embeddings.
fn noise(seed: u64, rows: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..rows * WIDTH)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn whole(values: &[f32]) -> [RowBlock<'_>; 1] {
    [RowBlock {
        first_row: 0,
        rows: values.len() / WIDTH,
        values: Values::F32(values),
    }]
}

fn search(criterion: &mut Criterion) {
    let references = noise(1, REFERENCES);
    let queries = noise(2, 1000);
    let masks: Vec<u8> = (0..REFERENCES).map(|row| (row % 7 + 1) as u8).collect();
    let aspects = Membership::Masks {
        masks: &masks,
        groups: 3,
    };
    let mut run = |name: &str, membership, metric, count: usize, options: &SearchOptions<'_>| {
        let index = Index::new(WIDTH, whole(&references).to_vec(), membership, metric)
            .expect("the blocks are whole and there is a mask for every row");
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        group.throughput(Throughput::Elements((count * REFERENCES) as u64));
        let kernel = options.kernel.map_or("fastest", Kernel::name);
        group.bench_function(
            BenchmarkId::new(kernel, format!("q{count}-k{}", options.k)),
            |b| {
                b.iter(|| index.search(&whole(&queries[..count * WIDTH]), options, &|_, _| true));
            },
        );
        group.finish();
    };
    for kernel in Kernel::available() {
        let options = SearchOptions {
            kernel: Some(kernel),
            ..SearchOptions::nearest(5)
        };
        run(
            "kernels",
            Membership::All,
            DistanceMetric::Cosine,
            1000,
            &options,
        );
    }
    for count in [1, 16, 100, 1000] {
        run(
            "queries",
            Membership::All,
            DistanceMetric::Cosine,
            count,
            &SearchOptions::nearest(5),
        );
    }
    for k in [1, 30, 300] {
        run(
            "k",
            Membership::All,
            DistanceMetric::Cosine,
            1000,
            &SearchOptions::nearest(k),
        );
    }
    run(
        "l2",
        Membership::All,
        DistanceMetric::L2,
        1000,
        &SearchOptions::nearest(5),
    );
    run(
        "aspects",
        aspects,
        DistanceMetric::Cosine,
        1000,
        &SearchOptions::nearest(5),
    );
}

criterion_group!(benches, search);
criterion_main!(benches);
