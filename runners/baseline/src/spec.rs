//! The settings of the runner.

use protea_contracts::prelude::*;

spec! {
    /// The baseline.
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
    /// How hits make the score of a term.
    #[derive(Default, Copy, Eq)]
    pub enum Transfer {
        /// The largest sequence identity of a hit that has the term, as in CAFA's BLAST baseline
        /// (P. Radivojac et al., Nature Methods 10 (2013) 221).
        #[default]
        Identity,
        /// The summed bit score of the hits that have the term, divided by that of all hits
        /// (M. Kulmanov and R. Hoehndorf, Bioinformatics 36 (2020) 422: DiamondScore).
        BitScore,
    }
}

spec! {
    /// The sensitivity of the search.
    #[derive(Default, Copy, Eq)]
    pub enum Sensitivity {
        /// `blastp -task blastp-fast`, `diamond --fast`, `mmseqs -s 4`.
        Fast,
        /// `blastp -task blastp`, `diamond` without an option, `mmseqs -s 5.7`.
        Normal,
        /// `blastp -task blastp`, `diamond --sensitive`, `mmseqs -s 6.5`.
        Sensitive,
        /// `blastp -task blastp`, `diamond --very-sensitive`, `mmseqs -s 7.5`.
        #[default]
        VerySensitive,
    }
}

spec! {
    /// The settings of the runner `baseline`.
    pub struct BaselineSpec {
        /// The baseline.
        pub method: Method,
        /// Terms with a lower score are not predicted. It applies before calibration.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
        /// Alignment only: how hits make the score of a term.
        pub transfer: Transfer,
        /// Alignment only: ignore hits with a larger expectation value.
        #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
        pub e_value: f64,
        /// Alignment only: the most references that a query can hit; those with the largest bit
        /// scores count.
        #[schemars(range(min = 1, max = 100_000))]
        pub max_hits: u32,
        /// Alignment only: the sensitivity of the search.
        pub sensitivity: Sensitivity,
        /// Alignment only: ignore a reference with the query's accession.
        pub exclude_self: bool,
        /// Turn scores into probabilities, with isotonic regression on held-out proteins of the
        /// training set: a fifth of them, at most 1,000 with alignment.
        pub calibrate: bool,
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
            calibrate: false,
        }
    }
}
