//! The settings of the runner.

use protea_contracts::prelude::*;

spec! {
    /// Which baseline.
    #[derive(Default, Copy, Eq)]
    pub enum Method {
        /// The frequency of each term in the training set.
        #[default]
        Naive,
        /// Alignment with NCBI BLAST+ (`makeblastdb`, `blastp`).
        Blast,
        /// Alignment with DIAMOND (`diamond`).
        Diamond,
        /// Alignment with MMseqs2 (`mmseqs`).
        Mmseqs,
    }
}

spec! {
    /// What a hit counts for the terms of the protein that it hits.
    #[derive(Default, Copy, Eq)]
    pub enum Transfer {
        /// The largest sequence identity of a hit that has the term, as CAFA's BLAST baseline does
        /// (P. Radivojac et al., Nature Methods 10 (2013) 221).
        #[default]
        Identity,
        /// The bit scores of the hits that have the term, over those of all hits (M. Kulmanov and
        /// R. Hoehndorf, Bioinformatics 36 (2020) 422: DiamondScore).
        BitScore,
    }
}

spec! {
    /// How thoroughly is searched.
    #[derive(Default, Copy, Eq)]
    pub enum Sensitivity {
        /// `blastp -task blastp-fast`, `diamond --fast`, `mmseqs -s 4`.
        Fast,
        /// `blastp -task blastp`, `diamond` without an option, `mmseqs -s 5.7`.
        Normal,
        /// As normal for `blastp`; `diamond --sensitive`, `mmseqs -s 6.5`.
        Sensitive,
        /// As normal for `blastp`; `diamond --very-sensitive`, `mmseqs -s 7.5`.
        #[default]
        VerySensitive,
    }
}

spec! {
    /// The settings of [`BaselineRunner`](crate::runner::BaselineRunner).
    pub struct BaselineSpec {
        /// Which baseline.
        pub method: Method,
        /// Terms with a lower score are not predicted.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
        /// Alignment only: what a hit counts for the terms of the protein that it hits.
        pub transfer: Transfer,
        /// Alignment only: hits with a larger expectation value do not count.
        #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
        pub e_value: f64,
        /// Alignment only: how many reference proteins a query may hit at most: those with the largest bit scores.
        #[schemars(range(min = 1, max = 100_000))]
        pub max_hits: u32,
        /// Alignment only: how thoroughly is searched.
        pub sensitivity: Sensitivity,
        /// Alignment only: a protein is never its own hit: a reference with the query's accession is passed over.
        pub exclude_self: bool,
    }
}

impl Default for BaselineSpec {
    fn default() -> Self {
        Self {
            method: Method::Naive,
            minimum_score: 0.005,
            transfer: Transfer::Identity,
            e_value: 0.001,
            max_hits: 500,
            sensitivity: Sensitivity::VerySensitive,
            exclude_self: true,
        }
    }
}
