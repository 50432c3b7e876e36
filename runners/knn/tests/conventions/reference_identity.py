"""Identical residues of the best local alignment divided by the shorter sequence. Of several best
alignments, the one with the fewest identical residues counts.

usage: reference_identity.py PAIRS
PAIRS has two sequences per line.
"""

import itertools
import sys

import Bio.Align
from Bio.Align import substitution_matrices

ALIGNER = Bio.Align.PairwiseAligner(
    mode="local",
    substitution_matrix=substitution_matrices.load("BLOSUM62"),
    open_gap_score=-11,
    extend_gap_score=-1,
)
MOST = 20_000


def identity(one, other):
    found = []
    for alignment in itertools.islice(ALIGNER.align(one, other), MOST):
        same = 0
        for (start, end), (begin, _) in zip(*alignment.aligned):
            same += sum(
                one[start + at] == other[begin + at] != "X" for at in range(end - start)
            )
        found.append(same)
    return min(found, default=0) / min(len(one), len(other))


if __name__ == "__main__":
    with open(sys.argv[1]) as lines:
        for line in lines:
            print(repr(identity(*line.split())))
