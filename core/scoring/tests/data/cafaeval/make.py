"""Makes the inputs of this test case (out of nothing but a seed) and has cafaeval 1.3.0 score them. See README.md."""
import logging
import random
import shutil
from pathlib import Path

from cafaeval.evaluation import cafa_eval, write_results

HERE = Path(__file__).resolve().parent
VARIANTS = {
    "default": {},
    "step_0.1": dict(th_step=0.1),
    "step_0.03": dict(th_step=0.03),
    "fill": dict(th_step=0.1, prop="fill"),
    "max_terms_3": dict(th_step=0.1, max_terms=3),
    "no_orphans": dict(th_step=0.1, no_orphans=True),
    "noia": dict(th_step=0.1, ia=None),
    "norm_gt": dict(th_step=0.1, norm="gt"),
    "norm_pred": dict(th_step=0.1, norm="pred"),
    "all_but_ia": dict(th_step=0.1, norm="pred", prop="fill", no_orphans=True, max_terms=2),
}
# Namespace, prefix of its ids, number of terms, first number. The last two are of no gene ontology; their ids are no GO ids.
NAMESPACES = [
    ("biological_process", "GO:%07d", 60, 8150),
    ("molecular_function", "GO:%07d", 40, 3674),
    ("cellular_component", "GO:%07d", 25, 5575),
    ("phenotype", "XP:%d-long-id", 45, 1),
    # None of its terms has an information accretion.
    ("weightless", "WL:%d", 10, 1),
]


def ontology(rng):
    """Terms of the namespaces are mixed; children come before parents about as often as after them."""
    records, parents = [], {}
    for namespace, form, count, first in NAMESPACES:
        ids = [form % (first + 3 * i) for i in range(count)]
        for i, term in enumerate(ids):
            parents[term] = sorted({ids[rng.randrange(i)] for _ in range(rng.choice([1, 1, 2, 3]))}) if i else []
            lines = [f"id: {term}", f"name: term {i} of {namespace}: with a colon", f"namespace: {namespace}"]
            lines += [f'def: "is_a: {ids[0]} ! not an edge" []'] if i % 5 == 0 else []
            for n, parent in enumerate(parents[term]):
                lines.append(f"is_a: {parent} ! parent" if n != 1 else f"relationship: part_of {parent} ! parent")
            # The same parent twice, other relationships, another namespace, an unknown term.
            if i % 7 == 6:
                lines.append(f"relationship: part_of {parents[term][0]} ! the same parent again")
            if i % 6 == 5:
                lines.append(f"relationship: regulates {ids[1]} ! no edge")
            if i % 9 == 8 and namespace != "biological_process":
                lines.append("is_a: GO:0008150 ! another namespace")
                lines.append("is_a: GO:7777777 ! unknown")
            if i % 4 == 3:
                lines.insert(3, f"alt_id: {alternative(term)}")
            records.append(("Term", lines))
    rng.shuffle(records)
    # An alternative id of two terms of one namespace, of terms in two, and one that is a primary id elsewhere.
    for wanted, alt in [("GO:0008162", "GO:9000001"), ("GO:0008171", "GO:9000001"), ("GO:0003689", "GO:9000002"), ("GO:0005590", "GO:9000002"), ("GO:0003692", "GO:0008180"), ("GO:0008201", "GO:0008204")]:
        next(lines for _, lines in records if lines[0] == f"id: {wanted}").insert(2, f"alt_id: {alt}")
    # Two lone terms, a root and an orphan; obsolete terms first, so that they do not open a namespace, one with a value of false.
    records.insert(0, ("Term", ["id: GO:0000001", "name: obsolete", "namespace: cellular_component", "alt_id: GO:0000009", "is_obsolete: true"]))
    records.insert(0, ("Term", ["id: GO:0000002", "name: obsolete", "namespace: phenotype", "is_obsolete: false"]))
    records.append(("Term", ["id: GO:0000003", "name: orphan", "namespace: molecular_function"]))
    records.append(("Term", ["id: GO:0000004", "name: no namespace"]))
    records.append(("Term", ["id: GO:0000005", "namespace: biological_process", "is_a: GO:0000001 ! an obsolete parent"]))
    records.append(("Typedef", ["id: part_of", "name: part of", "namespace: external", "xref: BFO:0000050"]))
    text = "format-version: 1.2\ndata-version: made/7\ndefault-namespace: gene_ontology\n"
    text += "".join(f"\n[{kind}]\n" + "\n".join(lines) + "\n" for kind, lines in records)
    return text, parents


def alternative(term):
    return term.replace("GO:000", "GO:003").replace("XP:", "ALT:").replace("WL:", "LW:")


def make():
    rng = random.Random(7)
    text, parents = ontology(rng)
    (HERE / "ontology.obo").write_text(text)
    terms = {ns: [t for t in parents if t.split(":")[0] == form.split(":")[0] and in_range(t, first, count)] for ns, form, count, first in NAMESPACES}
    every = [t for all_ in terms.values() for t in all_]

    accretion = [(t, 0.0 if not parents[t] else round(rng.expovariate(0.5), rng.choice([2, 9, 17]))) for t in every if rng.random() < 0.9 and not t.startswith("WL")]
    accretion += [("GO:7777777", 3.5), (alternative(every[3]), 99.0), ("GO:0000001", 5.0)]
    lines = [f"{t}\t{v}" for t, v in accretion]
    for t, odd in zip(every[20:25], ["nan", "inf", "-2.5", "1e-3", "1_0.5"]):
        lines.append(f"{t} {odd}")
    (HERE / "ia.tsv").write_text("\n".join(lines) + "\n")

    proteins = [f"P{i:05d}" for i in range(290)]
    truth = ["EntryID\tterm\taspect"]
    for i, protein in enumerate(proteins):
        for ns, form, count, first in NAMESPACES:
            # phenotype has a single protein; cellular_component fewer than eight; molecular_function a block of numpy's sum and more.
            if i >= {"biological_process": 290, "molecular_function": 140, "cellular_component": 7, "phenotype": 1, "weightless": 3}[ns]:
                continue
            for term in rng.sample(terms[ns], rng.choice([1, 1, 2, 4])):
                named = alternative(term) if rng.random() < 0.5 and (int("".join(filter(str.isdigit, term))) - first) // 3 % 4 == 3 else term
                truth.append(f"{protein}\t{named}\tX\textra")
    rng.shuffle(truth)
    truth += ["", f"ROOTONLY\t{NAMESPACES[0][1] % NAMESPACES[0][3]}", "UNKNOWN\tGO:7777777", "OBSOLETE\tGO:0000001", "OLD GO:0000002", "TWO\tGO:9000001", "ACROSS\tGO:9000002", "BOTH\tGO:0008180", "SAME\tGO:0008204", "ORPHAN\tGO:0000003"]
    (HERE / "truth.tsv").write_text("\n".join(truth) + "\n")

    shutil.rmtree(HERE / "predictions", ignore_errors=True)
    (HERE / "predictions/deep/er").mkdir(parents=True)
    # Scores on thresholds, on the near side of them, duplicates, alternative ids.
    grid = ["0.29", "0.07", "0.1", "0.30000000000000004", "0.3", "0.6000000000000001", "0.7", "1", "0.99", "1.0", "0.05", "0.004"]
    lines = ["EntryID\tterm\tscore"]
    for protein in proteins[5:]:
        for ns in terms:
            for term in rng.sample(terms[ns], min(len(terms[ns]), rng.randrange(6))):
                score = rng.choice(grid) if rng.random() < 0.4 else f"{rng.random():.{rng.choice([1, 3, 6, 17])}f}"
                lines.append(f"{protein}\t{term}\t{score}")
    for term in terms["phenotype"][1:]:
        lines.append(f"P00000\t{term}\t{rng.random():.6f}")
    for term in terms["cellular_component"]:
        lines.append(f"P00003\t{term}\t{rng.random():.3f}")
    lines += [f"P0000{i}\t{term}\t0.{3 * i + 1}" for i, term in enumerate(terms["weightless"][:3])]
    lines += ["P00001\tGO:9000001\t0.4", "P00001\tGO:9000002\t0.55", "ACROSS\tGO:9000002\t0.8", "BOTH\tGO:0008180\t0.65", "SAME\tGO:0008204\t0.35", "ORPHAN\tGO:0000003\t0.9", "ROOTONLY\tGO:0008150\t1.5"]
    (HERE / "predictions/grouped.tsv").write_text("\n".join(lines) + "\n")

    # The same proteins in no order, in every spelling that Python takes.
    body = lines[1:]
    rng.shuffle(body)
    body = body[:400]
    odd = []
    for i, line in enumerate(body):
        protein, term, score = line.split("\t")
        odd.append({0: f"{protein} {term}   {score} more columns", 1: f"  {protein}\t{term}\t{score}\t", 2: f"{protein}\t{term}\t{score}\r", 3: f"{protein}\u00a0{term}\u2003{score}"}.get(i % 9, line))
    known = ["P00006", "P00010"]
    for n, score in enumerate(["nan", "inf", "-inf", "-0.5", "2", "1e-3", "+.5", "0_1.0e-0_1", "Infinity", "0", "1e999", ".25", "5e-1"]):
        odd += [f"{p}\t{terms['biological_process'][3 + n]}\t{score}" for p in known]
    odd += ["P00004\tGO:0008150", "P00004", "", "   ", "NOTHERE\tGO:0008150\tno number", "P00004\tGO:7777777\tno number", "P00200\tGO:0003674\tno number", "P00004\tGO:0000001\t0.9"]
    odd += ["P00011\tGO:0008153\tnan", "P00012\tGO:0008153\t0", "P00013\tGO:0008153\t-1"]
    odd += ["P00014\tGO:0008153\t0.3\rP00014\tGO:0008156\t0.8"]
    (HERE / "predictions/deep/er/odd.tsv").write_bytes("\n".join(odd).encode())
    # One namespace alone.
    (HERE / "predictions/deep/one.tsv").write_text("".join(f"P{i:05d}\tGO:0003674\t0.5\nP{i:05d}\tGO:0003689\t0.{i % 10}\n" for i in range(100)))


def in_range(term, first, count):
    number = int("".join(filter(str.isdigit, term)))
    return first <= number < first + 3 * count and (number - first) % 3 == 0


def score():
    shutil.rmtree(HERE / "expected", ignore_errors=True)
    for variant, options in VARIANTS.items():
        options = dict(dict(ia=str(HERE / "ia.tsv"), th_step=0.01), **options)
        out = HERE / "expected" / variant
        df, best = cafa_eval(str(HERE / "ontology.obo"), str(HERE / "predictions"), str(HERE / "truth.tsv"), **options)
        write_results(df, best, out_dir=str(out), th_step=options["th_step"])
        if variant in ("default", "step_0.03"):
            continue  # 17 digits at many thresholds take too much room.
        df.to_csv(out / "evaluation_all.full.tsv", float_format="%.17g", sep="\t")
        for metric, table in best.items():
            table.to_csv(out / f"evaluation_best_{metric}.full.tsv", float_format="%.17g", sep="\t")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    make()
    score()
