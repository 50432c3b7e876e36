//! The exact distance in double precision, which determines the result.

use crate::{index::Index, metric::DistanceMetric, rows::Matrix};

/// Computes the exact distances of one query at a time.
pub(super) struct ExactDistance<'s, 'a> {
    index: &'s Index<'a>,
    query: Option<usize>,
    squared_norm: f64,
    values: Vec<f64>,
    scratch: Vec<f32>,
}

impl<'s, 'a> ExactDistance<'s, 'a> {
    pub(super) fn new(index: &'s Index<'a>) -> Self {
        Self {
            index,
            query: None,
            squared_norm: 0.0,
            values: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Sets the query. Does nothing if it is already the current one.
    pub(super) fn set_query(&mut self, queries: &Matrix<'_>, query: usize, squared_norm: f64) {
        if self.query != Some(query) {
            let values = queries.row(query).as_f32(&mut self.scratch);
            self.values.clear();
            self.values
                .extend(values.iter().map(|&value| f64::from(value)));
            self.query = Some(query);
            self.squared_norm = squared_norm;
        }
    }

    /// The distance of the current query to a member of the index, in the metric of the index.
    pub(super) fn distance(&mut self, member: usize) -> f64 {
        let index = self.index;
        let row = index.member_row(member, &mut self.scratch);
        match index.metric {
            DistanceMetric::L2 => index.exact.squared_distance(&self.values, row),
            DistanceMetric::Cosine => index.cosine_distance(member, self.squared_norm, || {
                index.exact.dot(&self.values, row)
            }),
        }
    }
}

impl Index<'_> {
    /// The distance of a query to a member, in the metric of the index. `scratch` holds the row of
    /// the member if it has to be converted.
    pub(super) fn distance(
        &self,
        query: &[f32],
        squared_norm: f64,
        member: usize,
        scratch: &mut Vec<f32>,
    ) -> f64 {
        let row = self.member_row(member, scratch);
        match self.metric {
            DistanceMetric::L2 => self.exact.squared_distance(query, row),
            DistanceMetric::Cosine => {
                self.cosine_distance(member, squared_norm, || self.exact.dot(query, row))
            }
        }
    }

    /// Two distances of queries to members, those of [`distance`](Self::distance). `scratch` is used as
    /// there.
    pub(super) fn two_distances(
        &self,
        queries: [(&[f32], f64); 2],
        members: [usize; 2],
        scratch: &mut [Vec<f32>; 2],
    ) -> [f64; 2] {
        let [first, second] = scratch;
        let rows = [
            self.member_row(members[0], first),
            self.member_row(members[1], second),
        ];
        let values = queries.map(|(values, _)| values);
        match self.metric {
            DistanceMetric::L2 => self.exact.two_squared_distances(values, rows),
            DistanceMetric::Cosine => {
                let products = self.exact.two_dots(values, rows);
                [0, 1].map(|at| {
                    let squared_norm = queries[at].1;
                    self.cosine_distance(members[at], squared_norm, || products[at])
                })
            }
        }
    }

    fn member_row<'s>(&'s self, member: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        self.references
            .row(self.members[member] as usize)
            .as_f32(scratch)
    }

    fn cosine_distance(
        &self,
        member: usize,
        squared_norm: f64,
        product: impl FnOnce() -> f64,
    ) -> f64 {
        // The root of the product, not the product of the roots: for equal vectors it is exact.
        let norms = (squared_norm * self.sizes[member].squared).sqrt();
        if norms == 0.0 {
            return 1.0;
        }
        (1.0 - product() / norms).clamp(0.0, 2.0)
    }
}
