"""Prints what cafaeval makes of a directory of predictions: the scores of each namespace."""

import json
import sys

from cafaeval.evaluation import cafa_eval

ontology, predictions, truth, accretion = sys.argv[1:]
table, _ = cafa_eval(
    ontology, predictions, truth, ia=accretion, norm="cafa", prop="max", th_step=0.01, n_cpu=1
)
scores = {
    namespace: {
        "fmax": rows["f"].max(),
        "coverage": rows["cov"].max(),
        "wfmax": rows["f_w"].max(),
        "smin": rows["s_w"].min(),
        "f_micro_w": rows["f_micro_w"].max(),
    }
    for namespace, rows in table.groupby(level="ns")
}
print(json.dumps(scores))
