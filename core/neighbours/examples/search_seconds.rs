//! Runs searches on request and prints their time, for `benches/search_vs_faiss.py`.
//!
//! `search_seconds REFERENCES QUERIES WIDTH METRIC [CACHE]`. REFERENCES and QUERIES are files of
//! little-endian single-precision numbers, row by row; METRIC is `cosine` or `l2`. For each line `K
//! THREADS KERNEL PRUNING REPEAT OUT` on standard input, the program builds an index and runs
//! REPEAT searches with it. It prints the seconds of the index, of the first search (which prepares
//! the leading coordinates) and of the last one; then the processor seconds of the index with the
//! first search, and of the last one (0 where the system does not tell). KERNEL is the name of a kernel or
//! `fastest`; PRUNING is `auto`, `off`, `bytes` or a number of leading directions. It writes the rows found
//! to the file OUT as little-endian 32-bit integers, unless OUT is `-`. With CACHE, a directory, each
//! index takes what an earlier one left there, mapped into memory.
#![allow(unsafe_code)]

use std::{
    collections::HashMap,
    error::Error,
    ffi::OsString,
    fs::{self, File},
    io::{BufRead, Write},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use memmap2::Mmap;
use protea_neighbours::{
    CachePart, CachedBytes, DistanceMetric, Index, IndexCache, Kernel, Membership, Pruning,
    RowBlock, SearchOptions, Values,
};

/// Files in a directory, which nobody else uses.
#[derive(Debug, Clone)]
struct Files(PathBuf);

impl IndexCache for Files {
    fn load(&self, name: &str) -> Option<CachedBytes> {
        let file = File::open(self.0.join(name)).ok()?;
        // SAFETY: this program writes the files under another name, and never changes them.
        let map = unsafe { Mmap::map(&file).ok()? };
        Some(Arc::new(map))
    }

    fn save(&self, parts: &[CachePart<'_>]) {
        let temporary = self.0.join("new");
        let write = |part: &CachePart<'_>| {
            let mut file = File::create(&temporary)?;
            for piece in &part.pieces {
                file.write_all(piece)?;
            }
            fs::rename(&temporary, self.0.join(part.name))
        };
        if let Err(error) = parts.iter().try_for_each(write) {
            eprintln!("{}: {error}", self.0.display());
        }
    }

    fn reject(&self, name: &str, reason: &'static str) {
        eprintln!("{name}: {reason}");
    }
}

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

/// Processor nanoseconds of every thread that is alive.
type Processor = HashMap<OsString, u64>;

fn processor() -> Processor {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return Processor::new();
    };
    tasks
        .flatten()
        .filter_map(|task| {
            let line = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            let nanoseconds = line.split_whitespace().next()?.parse().ok()?;
            Some((task.file_name(), nanoseconds))
        })
        .collect()
}

/// Processor seconds since `start` of the threads that are still alive.
fn seconds_since(start: &Processor) -> f64 {
    let threads = processor().into_iter();
    let nanoseconds = threads.map(|(thread, now)| now - start.get(&thread).unwrap_or(&0));
    nanoseconds.sum::<u64>() as f64 / 1e9
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (arguments, cache) = match &arguments[..] {
        [required @ .., cache] if required.len() == 4 => (required, Some(cache)),
        all => (all, None),
    };
    let [references, queries, width, metric] = arguments else {
        return Err("usage: search_seconds REFERENCES QUERIES WIDTH cosine|l2 [CACHE]".into());
    };
    let cache = cache.map(|directory| Files(directory.into()));
    let (references, queries) = (read(references)?, read(queries)?);
    let width: usize = width.parse()?;
    let metric = if metric == "l2" {
        DistanceMetric::L2
    } else {
        DistanceMetric::Cosine
    };
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [k, threads, kernel, pruning, repeat, out] = words[..] else {
            return Err(format!("{line:?} is not `K THREADS KERNEL PRUNING REPEAT OUT`").into());
        };
        let kernel = Kernel::available()
            .into_iter()
            .find(|known| known.name() == kernel);
        let pruning = match pruning {
            "auto" => Pruning::Auto,
            "off" => Pruning::Off,
            "bytes" => Pruning::Bytes,
            directions => Pruning::Directions(directions.parse()?),
        };
        let options = SearchOptions {
            kernel,
            pruning,
            ..SearchOptions::nearest(k.parse()?)
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.parse()?)
            .build()?;
        let (seconds, found) = pool
            .install(|| {
                let processor_start = processor();
                let start = Instant::now();
                let blocks = whole(&references, width);
                let index = match &cache {
                    Some(cache) => {
                        let cache = Arc::new(cache.clone());
                        Index::with_cache(width, blocks, Membership::All, metric, cache)?
                    }
                    None => Index::new(width, blocks, Membership::All, metric)?,
                };
                let index_seconds = start.elapsed().as_secs_f64();
                let search = || {
                    let processor_start = processor();
                    let start = Instant::now();
                    let found = index.search(&whole(&queries, width), &options, &|_, _| true)?;
                    let seconds = start.elapsed().as_secs_f64();
                    let processor_seconds = seconds_since(&processor_start);
                    Ok::<_, Box<dyn Error + Send + Sync>>((found, seconds, processor_seconds))
                };
                let (mut found, first, _) = search()?;
                let first_processor = seconds_since(&processor_start);
                let (mut last, mut last_processor) = (first, first_processor);
                for _ in 1..repeat.parse::<usize>()? {
                    (found, last, last_processor) = search()?;
                }
                let seconds = [index_seconds, first, last, first_processor, last_processor];
                Ok::<_, Box<dyn Error + Send + Sync>>((seconds, found))
            })
            .map_err(|error| error.to_string())?;
        if out != "-" {
            let rows: Vec<u8> = (0..found.queries())
                .flat_map(|query| found.list(query, 0))
                .flat_map(|neighbour| neighbour.row.to_le_bytes())
                .collect();
            std::fs::write(out, rows)?;
        }
        println!("{}", seconds.map(|seconds| seconds.to_string()).join(" "));
    }
    Ok(())
}
