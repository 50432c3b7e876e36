"""Predicts with LightGBM's Python package: MODEL FEATURES COLUMNS ANSWER.

FEATURES has single-precision numbers, row by row. ANSWER receives double-precision numbers: a
probability for each row, then
the contributions of the features and the base, row by row, for the first thousand rows.
"""

import sys

import lightgbm
import numpy

model, features, columns, answer = sys.argv[1:]
rows = numpy.fromfile(features, dtype="<f4").reshape(-1, int(columns))
booster = lightgbm.Booster(model_file=model)
assert len(booster.feature_name()) == int(columns)
with open(answer, "wb") as file:
    booster.predict(rows).astype("<f8").tofile(file)
    booster.predict(rows[:1000], pred_contrib=True).astype("<f8").tofile(file)
