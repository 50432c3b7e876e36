"""Writes the seeds of the targets: a small file of each layout of embeddings, and of each text format.

    python fuzz/seeds.py [CORPUS]

Run it in `core/formats`, with a Python with the packages of `tests/requirements.txt`. CORPUS
defaults to `fuzz/corpus`, where cargo-fuzz expects it. To fuzz for an hour with files of up to
64 KiB:

    cargo fuzz run hdf5 -- -max_total_time=3600 -max_len=65536
    cargo fuzz run npy -- -max_total_time=3600 -max_len=65536
    cargo fuzz run --features parquet parquet -- -max_total_time=3600 -max_len=65536
    cargo fuzz run --features parquet arrow -- -max_total_time=3600 -max_len=65536

libFuzzer stops a target that uses more than 2 GiB of memory; `-rss_limit_mb` and `-malloc_limit_mb`
set lower limits.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
corpus = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "corpus"
# A group with more than eight links uses another storage than a small one.
PROTEINS = 20
LARGEST = 64 << 10

TARGETS = {
    ".h5": "hdf5",
    ".npy": "npy",
    ".npz": "npy",
    ".parquet": "parquet",
    ".pt": "torch",
    ".safetensors": "safetensors",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".csv": "table",
    ".tsv": "table",
}

GAF = "UniProtKB\tP00001\tABC1\tenables\tGO:0003674\tPMID:1\tIDA\t\tF\tName\tABC1|X\tprotein\ttaxon:9606\t20240101\tUniProt\t\t"
MANIFEST = {
    "schema_version": 1,
    "name": "small",
    "version": "1",
    "licence": "unspecified",
    "created": "2026-11-30T16:12:45Z",
    "created_by": "protea-cafa 1.2.0",
    "counts": {"proteins": 2, "annotated_proteins": 1, "annotations": 1, "terms": 3, "taxa": 1},
    "embedding": {"width": 2, "dtype": "f32", "source": "train.npy"},
    "files": [
        {"path": name, "sha256": "0" * 64, "bytes": 10}
        for name in ("ontology.obo", "proteins.arrow", "annotations.arrow", "ia.tsv")
    ],
}
TERM = "\n[Term]\nid: GO:{}\nname: term\nnamespace: molecular_function\n"
TEXTS = {
    "gaf": {
        "gaf": "!gaf-version: 2.2\n" + GAF + "\n" + GAF.replace("enables", "NOT|enables") + "\n",
        "gpad1": "!gpa-version: 1.1\nUniProtKB\tP00001\tNOT|enables\tGO:0003674\tPMID:1\tECO:0000314\t\t\t20240101\tUniProt\t\t\n",
        "gpad2": "!gpad-version: 2.0\nUniProtKB:P00001\tNOT\tRO:0002327\tGO:0003674\tPMID:1\tECO:0000314\t\t\t2024-01-01\tUniProt\t\t\n",
        "cafa": "EntryID\tterm\taspect\nP00001\tGO:0003674\tMFO\n\"P00002\"\tGO_0003674\tF\n",
        "gene2go": "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory\n9606\t1\tGO:0003674\tIDA\tNOT enables\tterm\t-\tFunction\n",
        "quickgo": "GENE PRODUCT DB\tGENE PRODUCT ID\tSYMBOL\tQUALIFIER\tGO TERM\tGO ASPECT\tECO ID\tGO EVIDENCE CODE\tTAXON ID\tDATE\nUniProtKB\tP00001\tABC1\tenables\tGO:0003674\tF\tECO:1\tIDA\t9606\t20240101\n",
        "uniprot": "Entry\tEntry Name\tGene Ontology IDs\tOrganism (ID)\nP00001\tABC1_HUMAN\tGO:0003674; GO:0005575\t9606\n",
        "eggnog": "## emapper-2.1\n#query\tseed_ortholog\tevalue\tGOs\nP00001\t9606.X\t1e-5\tGO:0003674,GO:0005575\n",
        "interpro": "P00001\t0123456789abcdef0123456789abcdef\t100\tPfam\tPF00001\t7tm\t1\t90\t1e-5\tT\t01-01-2024\tIPR000276\tGPCR\tGO:0003674(InterPro)|GO:0005575(PANTHER)\t-\n",
        "biomart": "Gene stable ID,GO term accession\nENSG1\tGO:0003674\n",
        "map": "P00001\tGO:0003674;GO:0005575\nP00002\tGO:0003674, GO:0005575\n",
        "taxonomy": "# accession\ttaxon\nP00001\t9606\nP00002\tNA\n",
    },
    "table": {
        "index": ",id,d0,d1\n0,P00001,0.5,1e-3\n1,P00002,-2,NaN\n",
        "list": "accession;embedding\nP00001;[0.5, 1.5]\nP00002;\"[1 2]\"\n",
        "word2vec": "2 3\nP00001 0.5 1 2\nP00002 3 4 5\n",
        "r": "\"d1\" \"d2\"\n\"P00001\" 0.5 1\n\"P00002\" 2 3\n",
        "last": "0\t1\tid\n0.5\t1.5\tP00001\n2\t3\tP00002\n",
    },
    "dataset_json": {"manifest": json.dumps(MANIFEST, indent=2)},
    "tsv": {
        "fasta": ">sp|P00001|ABC1_HUMAN Name OS=Homo sapiens OX=9606\nMKV*\nLLA\n> P00002\nMKV\n;comment\n",
        "predictions": "AUTHOR X\nMODEL 1\nKEYWORDS sequence\nP00001\tGO:1\t0.50\nP00001\tText\twords\nEND\n",
        "pannzer": "qpid\tontology\tgoid\tdesc\tARGOT_score\tARGOT_PPV\nP00001\tMF\t0003674\tx\t9\t0.5\n",
        "json_lines": '{"accession": "P00001", "terms": [{"term": "GO:1", "score": 0.5}]}\n',
        "named": "protein\tterm\tpvalue\tscore\nP00001\tGO:1\t1e-9\t.5\n",
        "ia": "GO:1\t0.5\nGO:0000001\t-1\n",
        "truth": "EntryID\tterm\nP00001\tGO:1\nP00002\tGO_1;GO:1\n",
        "clusters": "P00001\tP00002\nP00001\tP00001\n",
        "clstr": ">Cluster 0\n0\t100aa, >P00001... *\n1\t99aa, >P00002... at 99.00%\n>Cluster 1\n0\t9aa, >P00003... *\n",
        "ids": "P00001\nP00002\n",
        "csv": "EntryID,term,score\nP00001,GO:1,0.5\n",
        "html": "<!DOCTYPE html>\n<html><body>404</body></html>\n",
    },
    "obo": {
        "obo": "format-version: 1.2\ndefault-namespace: gene_ontology\n"
        + TERM.format("0000001")
        + TERM.format("0000002")
        + "is_a: GO:0000001 {source=\"x\"} ! term\nrelationship: part_of GO:0000003 ! c\nalt_id: GO:0000009\n"
        + TERM.format("0000003")
        + "is_obsolete: true\nreplaced_by: GO:0000001\nconsider: GO:0000002\n"
        + "\n[Typedef]\nid: part_of\nxref: BFO:0000050\n",
        "json": json.dumps(
            {
                "graphs": [
                    {
                        "id": "go.owl",
                        "nodes": [
                            {
                                "id": f"http://purl.obolibrary.org/obo/GO_000000{n}",
                                "lbl": "term",
                                "type": "CLASS",
                                "meta": {
                                    "deprecated": n == 3,
                                    "basicPropertyValues": [
                                        {
                                            "pred": "http://www.geneontology.org/formats/oboInOwl#hasOBONamespace",
                                            "val": "molecular_function",
                                        }
                                    ],
                                },
                            }
                            for n in (1, 2, 3)
                        ],
                        "edges": [
                            {
                                "sub": "http://purl.obolibrary.org/obo/GO_0000002",
                                "pred": "is_a",
                                "obj": "http://purl.obolibrary.org/obo/GO_0000001",
                            }
                        ],
                    }
                ]
            }
        ),
    },
}

with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    script = here.parent / "tests" / "write_formats.py"
    subprocess.run([sys.executable, script, place, str(PROTEINS)], check=True)
    counts = dict.fromkeys(TARGETS.values(), 0)
    for file in json.loads((place / "files.json").read_text()):
        path = place / file["file"]
        # A compressed file belongs to the target of the format inside it.
        target = next(TARGETS[ending] for ending in path.suffixes if ending in TARGETS)
        if path.stat().st_size > LARGEST:
            continue
        (corpus / target).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, corpus / target / path.name)
        counts[target] += 1

for target, texts in TEXTS.items():
    (corpus / target).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (corpus / target / name).write_text(text, newline="")
    counts[target] = counts.get(target, 0) + len(texts)

for target, count in counts.items():
    if count == 0:
        sys.exit(f"no seed of {target} is small enough")
    print(f"{corpus / target}: {count} files")
