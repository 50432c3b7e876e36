"""Generates the inputs of this test case from a seed and scores them with CAFA-evaluator-PK. See README.md."""
import importlib.util
import logging
import random
import shutil
from pathlib import Path

from cafaeval.evaluation import cafa_eval, write_results

HERE = Path(__file__).resolve().parent
VARIANTS = {
    "default": dict(th_step=0.01),
    "known": dict(exclude=True),
    "toi": dict(toi_file=True),
    "known_toi": dict(exclude=True, toi_file=True),
    "no_orphans": dict(no_orphans=True),
    "known_no_orphans": dict(exclude=True, no_orphans=True),
    "toi_no_orphans": dict(toi_file=True, no_orphans=True),
    "known_toi_no_orphans": dict(exclude=True, toi_file=True, no_orphans=True),
    "known_noia": dict(exclude=True, ia=None),
    "known_fill_gt": dict(exclude=True, prop="fill", norm="gt"),
    "toi_max_terms_pred": dict(toi_file=True, max_terms=2, norm="pred"),
    "known_max_terms_pred": dict(exclude=True, max_terms=2, norm="pred"),
}
# Number of proteins with ground truth in each namespace: many, more than a block of numpy's sum, few, one.
PROTEINS = {"biological_process": 270, "molecular_function": 140, "cellular_component": 7, "phenotype": 1}


def case_of_cafaeval():
    """The ontology of ../cafaeval without the term that has a parent twice, which the program sorts wrongly."""
    spec = importlib.util.spec_from_file_location("cafaeval_case", HERE.parent / "cafaeval/make.py")
    case = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(case)
    text, parents = case.ontology(random.Random(7))
    lines = [line for line in text.split("\n") if not line.endswith("! the same parent again")]
    terms = {ns: [t for t in parents if t.split(":")[0] == form.split(":")[0] and case.in_range(t, first, count)] for ns, form, count, first in case.NAMESPACES}
    return case, "\n".join(lines), parents, {ns: terms[ns] for ns in PROTEINS}


def ancestors(term, parents):
    found = {term}
    for parent in parents[term]:
        found |= ancestors(parent, parents)
    return found


def make():
    rng = random.Random(11)
    case, text, parents, terms = case_of_cafaeval()
    (HERE / "ontology.obo").write_text(text)
    roots = {all_[0] for all_ in terms.values()}

    # One root has a weight, so that proteins with only this root count in the weighted scores only.
    accretion = {t: 0.0 if t in roots else round(rng.expovariate(0.5), rng.choice([2, 9, 17])) for all_ in terms.values() for t in all_ if rng.random() < 0.9}
    accretion[terms["cellular_component"][0]] = 0.25
    (HERE / "ia.tsv").write_text("".join(f"{t}\t{v}\n" for t, v in accretion.items()))

    proteins = [f"P{i:05d}" for i in range(max(PROTEINS.values()))]
    truth, known = [], ["EntryID\tterm\taspect"]
    for i, protein in enumerate(proteins):
        for ns, all_ in terms.items():
            if i >= PROTEINS[ns]:
                continue
            own = rng.sample(all_, rng.choice([1, 1, 2, 4]))
            truth += [f"{protein}\t{case.alternative(t) if rng.random() < 0.2 and named_otherwise(t, text, case) else t}\tX" for t in own]
            # Known: no term, some terms, other terms, all terms, more than all terms.
            kind = rng.randrange(5) if ns != "phenotype" else 1
            if kind == 1:
                known += [f"{protein}\t{t}" for t in rng.sample(sorted(set().union(*(ancestors(t, parents) for t in own)) - set(own)) or [all_[0]], 1)]
            elif kind == 2:
                known += [f"{protein}\t{t}\tX\textra" for t in rng.sample(all_, 2)]
            elif kind == 3:
                known += [f"{protein} {t}" for t in own]
            elif kind == 4:
                known += [f"{protein}\t{t}" for t in own + rng.sample(all_, 3)]
    # Proteins with only a root, one of them known, and one with terms that do not count.
    roots_only = [f"ROOT{i}\t{all_[0]}" for i, all_ in enumerate(terms.values()) if i < 3]
    truth += roots_only + ["ROOTED\tGO:0005575", "ACROSS\tGO:9000002", "UNKNOWN\tGO:7777777"]
    known += [roots_only[1], "ROOTED\tGO:0005575", "NOTHERE\tGO:0008150", "P00001\tGO:7777777", "P00002\tGO:0000001", "P00003", "", "P00004\tGO:9000002"]
    rng.shuffle(truth)
    rng.shuffle(known)
    # A line with one word would end the program.
    known = [line for line in known if len(line.split()) != 1]
    (HERE / "truth.tsv").write_text("\n".join(truth) + "\n")
    (HERE / "known.tsv").write_text("\n".join(known) + "\n")

    # Few of many terms, so that the iteration order of the set differs from the numeric order.
    interest = [case.alternative(t) if named_otherwise(t, text, case) and rng.random() < 0.5 else t for all_ in terms.values() for t in rng.sample(all_, min(17, len(all_)))]
    interest += ["GO:7777777", "GO:0000001", "", "GO:9000002", interest[3], f"{interest[4]}\tand more"]
    rng.shuffle(interest)
    (HERE / "toi.txt").write_text("\n".join(interest) + "\n")

    shutil.rmtree(HERE / "predictions", ignore_errors=True)
    (HERE / "predictions").mkdir()
    grid = ["0.29", "0.07", "0.1", "0.30000000000000004", "0.3", "0.6000000000000001", "0.7", "1", "0.99", "0.05", "0.004"]
    lines = []
    for protein in proteins[3:]:
        for all_ in terms.values():
            for term in rng.sample(all_, rng.randrange(6)):
                lines.append(f"{protein}\t{term}\t{rng.choice(grid) if rng.random() < 0.4 else round(rng.random(), rng.choice([1, 3, 6]))}")
    lines += [f"P00000\t{term}\t{rng.random():.6f}" for term in terms["phenotype"][1:]]
    lines += [f"P00003\t{term}\t{rng.random():.3f}" for term in terms["cellular_component"]]
    lines += [f"ROOT{i}\t{all_[3]}\t0.45" for i, all_ in enumerate(terms.values())] + ["ACROSS\tGO:9000002\t0.8", "ROOTED\tGO:0005575\t0.5"]
    (HERE / "predictions/many.tsv").write_text("\n".join(lines) + "\n")
    (HERE / "predictions/few.tsv").write_text("".join(f"P{i:05d}\t{terms['molecular_function'][i % 40]}\t0.{i % 9 + 1}\n" for i in range(60)))


def named_otherwise(term, text, case):
    return f"alt_id: {case.alternative(term)}\n" in text


def score():
    shutil.rmtree(HERE / "expected", ignore_errors=True)
    for variant, options in VARIANTS.items():
        options = dict(dict(ia=str(HERE / "ia.tsv"), th_step=0.1), **options)
        for name, file in [("exclude", "known.tsv"), ("toi_file", "toi.txt")]:
            if name in options:
                options[name] = str(HERE / file)
        out = HERE / "expected" / variant
        df, best = cafa_eval(str(HERE / "ontology.obo"), str(HERE / "predictions"), str(HERE / "truth.tsv"), **options)
        write_results(df, best, out_dir=str(out), th_step=options["th_step"])
        if variant == "default":
            continue  # 17 digits at many thresholds would make the files too large.
        df.to_csv(out / "evaluation_all.full.tsv", float_format="%.17g", sep="\t")
        for metric, table in best.items():
            table.to_csv(out / f"evaluation_best_{metric}.full.tsv", float_format="%.17g", sep="\t")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    make()
    score()
