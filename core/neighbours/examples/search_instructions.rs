//! Runs one hot loop on made-up data, for `.ci/instructions`, which counts its instructions.
//!
//! `search_instructions CASE` with one of the cases in `CASES`. Only the function `measured` counts;
//! it runs on one thread. A case whose kernel the processor lacks exits with status 3.

use std::process::ExitCode;

use protea_neighbours::{
    DistanceMetric, Index, Kernel, LocalScoring, Membership, NeighbourSearchError, Pruning,
    RowBlock, SearchOptions, Values, local_scores,
};

const WIDTH: usize = 256;
const CASES: [(&str, Case); 6] = [
    ("whole-avx2", Case::Search(Kernel::Avx2, Pruning::Off)),
    (
        "whole-portable",
        Case::Search(Kernel::Portable, Pruning::Off),
    ),
    ("prepare-avx2", Case::Prepare(Kernel::Avx2)),
    ("pruned-avx2", Case::Search(Kernel::Avx2, PRUNED)),
    ("pruned-portable", Case::Search(Kernel::Portable, PRUNED)),
    ("alignment", Case::Alignment),
];
const PRUNED: Pruning = Pruning::Directions(64);

#[derive(Clone, Copy)]
enum Case {
    /// The index and its leading coordinates.
    Prepare(Kernel),
    /// A search with an index that is prepared.
    Search(Kernel, Pruning),
    Alignment,
}

/// Uniform numbers between -1 and 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// Vectors whose columns vary less and less, as the leading directions of embeddings do.
fn vectors(rows: usize, seed: u64) -> Vec<f32> {
    let mut noise = Noise(seed);
    (0..rows * WIDTH)
        .map(|at| noise.next() / (1.0 + (at % WIDTH) as f32 / 6.0))
        .collect()
}

fn block(values: &[f32]) -> RowBlock<'_> {
    RowBlock {
        first_row: 0,
        rows: values.len() / WIDTH,
        values: Values::F32(values),
    }
}

/// The only part that is counted.
#[inline(never)]
fn measured(
    run: &mut dyn FnMut() -> Result<u64, NeighbourSearchError>,
) -> Result<u64, NeighbourSearchError> {
    std::hint::black_box(run())
}

fn search(kernel: Kernel, pruning: Pruning, prepare: bool) -> Result<u64, NeighbourSearchError> {
    let references = vectors(1500, 1);
    let queries = vectors(64, 2);
    let options = SearchOptions {
        kernel: Some(kernel),
        pruning,
        ..SearchOptions::nearest(5)
    };
    let prepared = || {
        let blocks = vec![block(&references)];
        let index = Index::new(WIDTH, blocks, Membership::All, DistanceMetric::Cosine)?;
        index.search(&[block(&queries[..WIDTH])], &options, &|_, _| true)?;
        Ok::<_, NeighbourSearchError>(index)
    };
    if prepare {
        return measured(&mut || Ok(prepared()?.rows() as u64));
    }
    let index = prepared()?;
    measured(&mut || {
        let found = index.search(&[block(&queries)], &options, &|_, _| true)?;
        Ok((0..found.queries())
            .flat_map(|query| found.list(query, 0))
            .map(|neighbour| u64::from(neighbour.row))
            .sum())
    })
}

fn alignment() -> Result<u64, NeighbourSearchError> {
    let mut noise = Noise(3);
    let mut sequence = |length| -> Vec<u8> {
        let residues = (0..length).map(|_| ((noise.next() + 1.0) * 9.99) as u8);
        residues.collect()
    };
    let mut pairs = [[-2_i8; 20]; 20];
    for (residue, scores) in pairs.iter_mut().enumerate() {
        scores[residue] = 5;
    }
    let scoring = LocalScoring {
        pairs: &pairs,
        gap_first: 11,
        gap_next: 1,
    };
    let query = sequence(300);
    let others: Vec<Vec<u8>> = (0..64).map(|number| sequence(200 + number)).collect();
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    measured(&mut || {
        let scores = local_scores(&query, &others, &scoring);
        Ok(scores.iter().map(|&score| u64::from(score)).sum())
    })
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((_, case)) = CASES.iter().find(|(known, _)| *known == name) else {
        for (known, _) in CASES {
            println!("{known}");
        }
        return Ok(ExitCode::SUCCESS);
    };
    if let Case::Search(kernel, _) | Case::Prepare(kernel) = case
        && !kernel.is_available()
    {
        return Ok(ExitCode::from(3));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let sum = pool.install(|| match *case {
        Case::Prepare(kernel) => search(kernel, PRUNED, true),
        Case::Search(kernel, pruning) => search(kernel, pruning, false),
        Case::Alignment => alignment(),
    })?;
    println!("{sum}");
    Ok(ExitCode::SUCCESS)
}
