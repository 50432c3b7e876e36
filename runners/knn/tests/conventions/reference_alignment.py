"""Identical letters divided by the columns of the best global and local alignments. Of several best
alignments, the one with the fewest identical letters counts, then the shortest.

usage: reference_alignment.py PAIRS
PAIRS has two sequences per line. Prints the global and the local identity of each pair. The script
fails unless Biopython's aligner has the same score, and such an alignment among its best.
"""

import functools
import itertools
import sys

import Bio.Align
from Bio.Align import substitution_matrices

MATRIX = substitution_matrices.load("BLOSUM62")
FIRST, NEXT = 10, 1
IMPOSSIBLE = (-(10**9), 0, 0)
ZERO = (0, 0, 0)
MOST = 3_000


def plus(cell, score, same, columns=1):
    return cell[0] + score, cell[1] - same, cell[2] - columns


def best(one, other, is_global):
    """The largest (score, -identical letters, -columns), compared in this order."""

    def border(letters):
        if not is_global or letters == 0:
            return ZERO
        return -(FIRST + (letters - 1) * NEXT), 0, -letters

    row = [border(at) for at in range(len(other) + 1)]
    above = [IMPOSSIBLE] * (len(other) + 1)
    found = ZERO
    for place, letter in enumerate(one):
        diagonal, row[0], left = row[0], border(place + 1), IMPOSSIBLE
        for at, partner in enumerate(other, 1):
            matched = plus(diagonal, int(MATRIX[letter][partner]), letter == partner)
            above[at] = max(plus(row[at], -FIRST, 0), plus(above[at], -NEXT, 0))
            left = max(plus(row[at - 1], -FIRST, 0), plus(left, -NEXT, 0))
            diagonal, row[at] = row[at], max(matched, above[at], left)
            if not is_global:
                if row[at][0] <= 0:
                    row[at] = ZERO
                found = max(found, row[at])
    return row[-1] if is_global else found


@functools.cache
def identities(one, other):
    return tuple(
        cell[1] / cell[2] if cell[2] else 0.0
        for cell in (best(one, other, True), best(one, other, False))
    )


def check(one, other, is_global):
    score, same, columns = best(one, other, is_global)
    aligner = Bio.Align.PairwiseAligner(
        mode="global" if is_global else "local",
        substitution_matrix=MATRIX,
        open_gap_score=-FIRST,
        extend_gap_score=-NEXT,
    )
    assert aligner.score(one, other) == score, (one, other, is_global)
    listed = list(itertools.islice(aligner.align(one, other), MOST))
    if 0 < len(listed) < MOST:
        shapes = set()
        for alignment in listed:
            pairs = [pair for pair in zip(*alignment) if pair != ("-", "-")]
            shapes.add((-sum(a == b for a, b in pairs), -len(pairs)))
        assert (same, columns) == max(shapes), (one, other, is_global, shapes)
        return 1
    return 0


if __name__ == "__main__":
    compared = 0
    with open(sys.argv[1]) as lines:
        for line in lines:
            pair = line.split()
            compared += sum(check(*pair, is_global) for is_global in (True, False))
            print(*map(repr, identities(*pair)))
    print(compared)
