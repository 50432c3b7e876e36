//! Finds the directions in which the references vary most.
//!
//! Orthogonal iteration on a sample of the references (N. Halko, P.-G. Martinsson and J. A. Tropp,
//! *Finding structure with randomness*, SIAM Review 53, 2011): a few products of the sample with
//! some vectors turn these towards the leading directions. The result need not be accurate. How
//! well the directions fit decides only how many references the bounds exclude.

use rayon::prelude::*;

use super::product::{Products, Vectors};
use crate::{
    bounds::{Size, packing_scale},
    index::{Index, vector_size},
    kernels::{Exact, KeyKernel, RowProduct},
};

/// The most rows in the sample.
const SAMPLE: usize = 768;
/// Rows that one thread multiplies at a time.
const BATCH: usize = 96;
/// The most vectors that are mixed. Seeds are found with the first ones only.
const MIXED: usize = 64;
/// A vector that the earlier ones explain up to this part of its norm has no direction of its own.
const DEPENDENT: f64 = 1e-4;

/// At most `count` orthonormal vectors, one after another, the most important first. There are
/// fewer if the sample has a lower rank.
pub(super) fn leading_directions<K: KeyKernel>(
    kernel: K,
    index: &Index<'_>,
    count: usize,
) -> Vec<f32> {
    let width = index.width();
    let sample = sample(index);
    let rows = sample.len() / width;
    let count = count.min(rows).min(width);
    if count == 0 {
        return Vec::new();
    }
    let columns = transposed(&sample, width);
    // Random combinations of the rows: the first product of the sample with random vectors.
    let mut directions = products(
        kernel,
        &columns,
        rows,
        &Vectors::new(&noise(count * rows), rows),
    );
    for round in 0..2 {
        directions = transposed(&directions, count);
        orthonormalise(&mut directions, width);
        let kept = directions.len() / width;
        if round == 1 || kept < count {
            break;
        }
        let scores = products(kernel, &sample, width, &Vectors::new(&directions, width));
        directions = products(
            kernel,
            &columns,
            rows,
            &Vectors::new(&transposed(&scores, kept), rows),
        );
    }
    orthonormalise(&mut directions, width);
    directions
}

/// Mixes the first `first` vectors of a basis, and the others, within blocks of at most 64, by an
/// orthogonal matrix with entries of equal magnitude (Walsh-Hadamard).
///
/// The leading coordinates of most vectors are much larger than the others. Mixed, they have similar
/// magnitudes, so a step of their common scale is smaller, and rounding them loses less.
pub(super) fn mix(basis: &mut [f32], width: usize, first: usize) {
    let first = (first * width).min(basis.len());
    let (leading, others) = basis.split_at_mut(first);
    for mut rows in [leading, others] {
        while !rows.is_empty() {
            let count = (rows.len() / width).min(MIXED);
            let count = 1 << count.ilog2();
            let (block, rest) = rows.split_at_mut(count * width);
            mix_block(block, width);
            rows = rest;
        }
    }
}

/// Multiplies a block of vectors, whose number is a power of two, with the matrix.
fn mix_block(block: &mut [f32], width: usize) {
    let count = block.len() / width;
    let mut half = 1;
    while half < count {
        for pair in block.chunks_exact_mut(2 * half * width) {
            let (upper, lower) = pair.split_at_mut(half * width);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                (*upper, *lower) = (*upper + *lower, *upper - *lower);
            }
        }
        half *= 2;
    }
    let factor = 1.0 / (count as f32).sqrt();
    for value in block {
        *value *= factor;
    }
}

/// Evenly spaced members, each divided by its norm, or with L2 by the common norm.
fn sample(index: &Index<'_>) -> Vec<f32> {
    let members = index.members.len();
    let count = members.min(SAMPLE);
    let mut sample = Vec::with_capacity(count * index.width());
    let mut scratch = Vec::new();
    for number in 0..count {
        let member = number * members / count;
        let divisor = index.divisor(member);
        let factor = if divisor > 0.0 { 1.0 / divisor } else { 0.0 };
        let row = index.references.row(index.members[member] as usize);
        let values = row.as_f32(&mut scratch);
        sample.extend(
            values
                .iter()
                .map(|&value| (f64::from(value) * factor) as f32),
        );
    }
    sample
}

/// `[row][vector]`: the products of all rows with all vectors, both of `width` values.
pub(super) fn products<K: KeyKernel>(
    kernel: K,
    rows: &[f32],
    width: usize,
    vectors: &Vectors<K>,
) -> Vec<f32> {
    let exact = Exact::detect();
    let count = vectors.count();
    let mut out = vec![0.0; rows.len() / width * count];
    out.par_chunks_mut(BATCH * count)
        .zip(rows.par_chunks(BATCH * width))
        .for_each(|(out, rows)| {
            let mut batch = Products::new(vectors, rows.len() / width);
            let scale = |values| {
                let Size { squared, largest } = vector_size(exact, values);
                packing_scale(K::PRECISION, Size { squared, largest })
            };
            for (number, values) in rows.chunks_exact(width).enumerate() {
                batch.pack(kernel, vectors, number, values, scale(values));
            }
            batch.multiply(kernel, vectors);
            let rows = rows.chunks_exact(width);
            for (number, (out, values)) in out.chunks_exact_mut(count).zip(rows).enumerate() {
                batch.read(vectors, number, 1.0 / scale(values), out);
            }
        });
    out
}

/// The transpose of a matrix with rows of `width` values.
fn transposed(matrix: &[f32], width: usize) -> Vec<f32> {
    let rows = matrix.len() / width;
    let mut out = vec![0.0; matrix.len()];
    // In squares, so that the lines of both matrices stay in the cache.
    for first in (0..rows).step_by(16) {
        for column in 0..width {
            let line = &mut out[column * rows + first..][..16.min(rows - first)];
            for (row, value) in line.iter_mut().enumerate() {
                *value = matrix[(first + row) * width + column];
            }
        }
    }
    out
}

/// Makes the vectors orthonormal, in order. Removes those that depend on earlier ones, and those
/// with a value that is not finite.
fn orthonormalise(vectors: &mut Vec<f32>, width: usize) {
    let exact = Exact::detect();
    let mut kept = 0;
    let product = RowProduct::detect();
    for number in 0..vectors.len() / width {
        let (earlier, vector) = vectors.split_at_mut(number * width);
        let vector = &mut vector[..width];
        let before = exact.norm(vector).0.sqrt();
        for other in earlier[..kept * width].chunks_exact(width) {
            let along = product.dot(other, vector);
            product.subtract(vector, along, other);
        }
        let norm = exact.norm(vector).0.sqrt();
        if !norm.is_finite() || norm <= DEPENDENT * before || norm < 1e-30 {
            continue;
        }
        let factor = 1.0 / norm;
        for value in vector.iter_mut() {
            *value = (f64::from(*value) * factor) as f32;
        }
        vectors.copy_within(number * width..(number + 1) * width, kept * width);
        kept += 1;
    }
    vectors.truncate(kept * width);
}

/// Seeded noise.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        })
        .collect()
}
