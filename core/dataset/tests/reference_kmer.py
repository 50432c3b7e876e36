"""Computes k-mer spectra by their definition (see features/kmer.rs) in double precision.

The tests compare with its output.

    reference_kmer.py SEQUENCE FEATURE...     prints the requested features
"""

import itertools
import math
import sys

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
# UniProtKB/Swiss-Prot release statistics, amino-acid composition in percent.
PERCENT = dict(
    A=8.25, Q=3.93, L=9.65, S=6.65, R=5.52, E=6.71, K=5.80, T=5.36, N=4.06, G=7.07,
    M=2.41, W=1.10, D=5.46, H=2.27, F=3.86, Y=2.92, C=1.38, I=5.91, P=4.74, V=6.85,
)  # fmt: skip
PROJECTED = 604


def split_mix_64(count):
    state = 0
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        yield z ^ (z >> 31)


def coordinates(sequence, k):
    total = sum(PERCENT.values())
    words = ["".join(letters) for letters in itertools.product(LETTERS, repeat=k)]
    counts = dict.fromkeys(words, 0)
    for place in range(len(sequence) - k + 1):
        word = sequence[place : place + k]
        if word in counts:
            counts[word] += 1
    n = sum(counts.values())
    if n == 0:
        return [0.0] * len(words)
    background = [math.prod(PERCENT[letter] / total for letter in word) for word in words]
    return [math.sqrt(counts[w] / n) - math.sqrt(p) for w, p in zip(words, background)]


def spectrum(sequence):
    features = coordinates(sequence, 1) + coordinates(sequence, 2)
    words = list(split_mix_64(8000 * 10))
    projected = [0.0] * PROJECTED
    for c, x in enumerate(coordinates(sequence, 3)):
        for j in range(PROJECTED):
            negative = words[10 * c + j // 64] >> (j % 64) & 1
            projected[j] += -x if negative else x
    features += [value / math.sqrt(PROJECTED) for value in projected]
    length = math.sqrt(sum(value * value for value in features))
    return [value / length for value in features]


if __name__ == "__main__":
    features = spectrum(sys.argv[1])
    for place in map(int, sys.argv[2:]):
        print(f"({place}, {features[place]:.9f}),")
