//! Runs searches on request and prints their time, for `benches/search_vs_faiss.py`.
//!
//! `search_seconds REFERENCES QUERIES WIDTH METRIC`. REFERENCES and QUERIES are files of
//! little-endian single-precision numbers, row by row; METRIC is `cosine` or `l2`. For each line `K
//! THREADS KERNEL OUT` on standard input, the program runs one search and prints its seconds.
//! KERNEL is the name of a kernel or `fastest`. It writes the rows found to the file OUT as
//! little-endian 32-bit integers, unless OUT is `-`.

use std::{error::Error, io::BufRead, time::Instant};

use protea_neighbours::{
    DistanceMetric, Index, Kernel, Membership, RowBlock, SearchOptions, Values,
};

fn read(path: &str) -> std::io::Result<Vec<f32>> {
    let bytes = std::fs::read(path)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(numbers
        .iter()
        .map(|number| f32::from_le_bytes(*number))
        .collect())
}

fn whole(values: &[f32], width: usize) -> Vec<RowBlock<'_>> {
    vec![RowBlock {
        first_row: 0,
        rows: values.len() / width,
        values: Values::F32(values),
    }]
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [references, queries, width, metric] = &arguments[..] else {
        return Err("usage: search_seconds REFERENCES QUERIES WIDTH cosine|l2".into());
    };
    let (references, queries) = (read(references)?, read(queries)?);
    let width: usize = width.parse()?;
    let metric = if metric == "l2" {
        DistanceMetric::L2
    } else {
        DistanceMetric::Cosine
    };
    let start = Instant::now();
    let index = Index::new(width, whole(&references, width), Membership::All, metric)?;
    eprintln!(
        "index of {} rows in {:.4} s",
        index.rows(),
        start.elapsed().as_secs_f64()
    );
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [k, threads, kernel, out] = words[..] else {
            return Err(format!("{line:?} is not `K THREADS KERNEL OUT`").into());
        };
        let kernel = Kernel::available()
            .into_iter()
            .find(|known| known.name() == kernel);
        let options = SearchOptions {
            kernel,
            ..SearchOptions::nearest(k.parse()?)
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.parse()?)
            .build()?;
        let start = Instant::now();
        let found =
            pool.install(|| index.search(&whole(&queries, width), &options, &|_, _| true))?;
        let seconds = start.elapsed().as_secs_f64();
        if out != "-" {
            let rows: Vec<u8> = (0..found.queries())
                .flat_map(|query| found.list(query, 0))
                .flat_map(|neighbour| neighbour.row.to_le_bytes())
                .collect();
            std::fs::write(out, rows)?;
        }
        println!("{seconds}");
    }
    Ok(())
}
