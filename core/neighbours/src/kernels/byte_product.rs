//! Products of rows of bytes with queries of 16-bit integers.
#![allow(unsafe_code)]

/// Columns that one instruction multiplies; the queries are padded to a multiple of it.
const LINE: usize = 64;
/// Places after the columns of a query, for the sum of its integers.
const SUM: usize = 2;

/// Multiplies with the widest vector instructions of the processor. All of them return the same sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteProduct {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// The query is split into its upper and its lower bytes.
    #[cfg(target_arch = "x86_64")]
    Vnni,
}

impl ByteProduct {
    /// What this processor supports, the fastest last.
    pub(crate) fn available() -> Vec<Self> {
        let mut found = vec![ByteProduct::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                found.push(ByteProduct::Avx2);
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                found.push(ByteProduct::Avx512);
                if is_x86_feature_detected!("avx512vnni") {
                    found.push(ByteProduct::Vnni);
                }
            }
        }
        found
    }

    pub(crate) fn detect() -> Self {
        Self::available().pop().unwrap_or(ByteProduct::Portable)
    }

    /// Number of 16-bit integers that a packed query of this many columns has.
    pub(crate) fn query_width(width: usize) -> usize {
        width.next_multiple_of(LINE) + SUM
    }

    /// Packs a query in place. It has [`query_width`](Self::query_width) integers, of which the first
    /// `width` are its columns, with magnitudes of at most 32,000, and the others 0.
    pub(crate) fn pack(self, query: &mut [i16], width: usize) {
        #[cfg(target_arch = "x86_64")]
        if self == ByteProduct::Vnni {
            let padded = width.next_multiple_of(LINE);
            let sum: i32 = query[..width].iter().map(|&value| i32::from(value)).sum();
            let lower = |value: i16| value as i8;
            let upper = |value: i16| ((i32::from(value) - i32::from(lower(value))) >> 8) as i8;
            let columns = query[..padded].iter();
            let mut bytes: Vec<i8> = columns.clone().map(|&value| upper(value)).collect();
            bytes.extend(columns.map(|&value| lower(value)));
            let (pairs, _) = bytes.as_chunks::<2>();
            for (out, pair) in query.iter_mut().zip(pairs) {
                *out = i16::from_ne_bytes(pair.map(|byte| byte as u8));
            }
            query[padded] = sum as i16;
            query[padded + 1] = (sum >> 16) as i16;
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (query, width);
    }

    /// The inner product of a packed query and a row of bytes. The sum must fit.
    #[inline(always)]
    pub(crate) fn dot(self, query: &[i16], row: &[i8]) -> i32 {
        match self {
            ByteProduct::Portable => dot_body(query, row),
            // SAFETY: `available` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            ByteProduct::Avx2 => unsafe { dot_avx2(query, row) },
            // SAFETY: `available` found AVX-512F and AVX-512BW on this processor.
            #[cfg(target_arch = "x86_64")]
            ByteProduct::Avx512 => unsafe { dot_avx512(query, row) },
            // SAFETY: `available` found AVX-512F, AVX-512BW and VNNI on this processor.
            #[cfg(target_arch = "x86_64")]
            ByteProduct::Vnni => unsafe { dot_vnni(query, row) },
        }
    }
}

#[inline(always)]
fn dot_body(query: &[i16], row: &[i8]) -> i32 {
    let mut sum = 0;
    for (query, row) in query.iter().zip(row) {
        sum += i32::from(*query) * i32::from(*row);
    }
    sum
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(query: &[i16], row: &[i8]) -> i32 {
    dot_body(query, row)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn dot_avx512(query: &[i16], row: &[i8]) -> i32 {
    dot_body(query, row)
}

/// The instruction multiplies unsigned with signed bytes, so the row has 128 added: that many times
/// the sum of the query is subtracted. Sums may wrap; the result is right modulo 2^32.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dot_vnni(query: &[i16], row: &[i8]) -> i32 {
    use std::arch::x86_64::*;

    let padded = row.len().next_multiple_of(LINE);
    assert!(query.len() >= padded + SUM);
    let upper_bytes = query.as_ptr().cast::<i8>();
    let shift = _mm512_set1_epi8(-128);
    let (mut upper, mut lower) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for start in (0..row.len()).step_by(LINE) {
        let columns = (row.len() - start).min(LINE);
        let mask = u64::MAX >> (LINE - columns);
        // SAFETY: the mask covers the columns of the row that are left; the query has `padded` bytes
        // of each half.
        let (row, high, low) = unsafe {
            let high = upper_bytes.add(start);
            (
                _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(start)),
                _mm512_loadu_si512(high.cast()),
                _mm512_loadu_si512(high.add(padded).cast()),
            )
        };
        let row = _mm512_xor_si512(row, shift);
        upper = _mm512_dpbusd_epi32(upper, row, high);
        lower = _mm512_dpbusd_epi32(lower, row, low);
    }
    let sums = _mm512_add_epi32(_mm512_slli_epi32::<8>(upper), lower);
    let own = i32::from(query[padded] as u16) | i32::from(query[padded + 1]) << 16;
    _mm512_reduce_add_epi32(sums).wrapping_sub(own.wrapping_mul(128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_finds_the_same_product() {
        let mut state = 7_u64;
        let mut number = |most: i32| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            ((state >> 33) as i32) % (2 * most + 1) - most
        };
        for width in [1, 16, 63, 64, 65, 128, 200, 257] {
            for extreme in [false, true] {
                let mut value = |most| if extreme { most } else { number(most) };
                let query: Vec<i16> = (0..width).map(|_| value(32_000) as i16).collect();
                let row: Vec<i8> = (0..width).map(|_| value(127) as i8).collect();
                let expected = dot_body(&query, &row);
                for product in ByteProduct::available() {
                    let mut packed = query.clone();
                    packed.resize(ByteProduct::query_width(width), 0);
                    product.pack(&mut packed, width);
                    assert_eq!(product.dot(&packed, &row), expected, "{product:?} {width}");
                }
            }
        }
    }
}
