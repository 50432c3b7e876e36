//! Tests the rows of the table of tools in the documentation that need h5py or pyarrow.

use std::{path::Path, process::Command, sync::LazyLock};

use protea_formats::{ArrayNames, EmbeddingOptions, EmbeddingReader, FormatError, Pool};
use tempfile::TempDir;

use crate::interpreter::interpreter;

const WRITE: &str = r#"
import sys, hashlib, h5py, numpy
out = sys.argv[1] + "/"
ids = [f"P{i:05d}" for i in range(1, 6)]
rows = numpy.arange(15, dtype="f4").reshape(5, 3)
text = h5py.string_dtype()
for name, kind, latest in [("bio.h5", None, None), ("bio-bytes.h5", "S", "latest")]:
    with h5py.File(out + name, "w", libver=latest) as f:
        for number, (i, row) in enumerate(zip(ids, rows)):
            d = f.create_dataset(str(number), data=row)
            if latest:
                for extra in range(12): d.attrs[f"other{extra}"] = extra
            d.attrs["original_id"] = numpy.bytes_(i) if kind else i
with h5py.File(out + "hashes.h5", "w") as f:
    for i, row in zip(ids, rows):
        f.create_dataset(hashlib.md5(i.encode()).hexdigest(), data=row[None]).attrs["original_id"] = f"sp|{i}|X some text"
with h5py.File(out + "prott5.h5", "w") as f:
    for i, row in zip(ids, rows):
        f[f"sp|{i}|X_HUMAN Widget v1.2".replace(".", "_").replace("/", "_")] = row
with h5py.File(out + "slash.h5", "w") as f:
    for n, (i, row) in enumerate(zip(ids, rows)): f[i if n % 2 else f"{i}/1"] = row
with h5py.File(out + "per-protein.h5", "w") as f:
    f["layer"] = 33
    for i, row in zip(ids, rows): f[i] = row
with h5py.File(out + "numbers.h5", "w") as f:
    for n in [3, 0, 4, 1, 2]: f[str(n)] = rows[n]
with h5py.File(out + "groups.h5", "w") as f:
    for n, (i, row) in enumerate(zip(ids, rows)):
        g = f.create_group(f"protein{n}x")
        g.attrs["original_id"] = i
        g["embedding"] = row
def fantasia(name, layers):
    with h5py.File(out + name, "w") as f:
        for i, row in zip(ids, rows):
            g = f.create_group("accession_" + i)
            g["sequence"] = "MKV"
            for l in layers:
                e = g.create_group(f"type_3/layer_{l}")
                e["embedding"] = row + l
                e.attrs["shape"] = (3,)
fantasia("fantasia.h5", [0])
fantasia("fantasia2.h5", [0, 24])
for name, latest in [("soft.h5", None), ("soft-new.h5", "latest")]:
    with h5py.File(out + name, "w", libver=latest) as f:
        f["data/vectors"] = rows
        f["data/names"] = [i.encode() for i in ids]
        f["data/again"] = h5py.SoftLink("./vectors")
        f["latest"] = h5py.SoftLink("/data")
        f["embeddings"] = h5py.SoftLink("/latest/again")
for name, link in [("external", h5py.ExternalLink("other.h5", "/x")), ("dangling", h5py.SoftLink("/no/such")),
                   ("circle", h5py.SoftLink("/bad"))]:
    with h5py.File(out + name + ".h5", "w") as f:
        for i, row in zip(ids, rows): f[i] = row
        f["bad"] = link
with h5py.File(out + "residues.h5", "w") as f:
    for i, row in zip(ids, rows): f[i] = numpy.stack([row - 1, row, row + 1])[: 3 if i != ids[0] else 3]
    del f[ids[1]]; f[ids[1]] = rows[1][None]
with h5py.File(out + "one-residues.h5", "w") as f: f[ids[0]] = numpy.ones((4, 3), "f4")
numpy.savez(out + "residues.npz", **{i: numpy.stack([row - 1, row + 1]) for i, row in zip(ids, rows)})
numpy.savez(out + "order.npz", m=numpy.asfortranarray(rows.astype(">f8")), ids=numpy.array(ids, dtype=">U8"))
numpy.savez(out + "vectors-big.npz", **{i: row.astype(">f4") for i, row in zip(ids, rows)})
numpy.savez(out + "residues-order.npz", **{i: numpy.asfortranarray(numpy.stack([row - 1, row + 1])[None]) for i, row in zip(ids, rows)})
numpy.save(out + "order.npy", numpy.asfortranarray(rows))
numpy.save(out + "idsbig.npy", numpy.array(ids, dtype=">U8"))
with h5py.File(out + "anndata.h5ad", "w") as f:
    f["X"] = rows
    f.create_group("obs").create_dataset("_index", data=ids, dtype=text)
    f.create_group("var").create_dataset("_index", data=["a", "b", "c"], dtype=text)
with h5py.File(out + "column.h5", "w") as f:
    f["emb"] = rows
    f["ids"] = numpy.array([[i.encode()] for i in ids])
with h5py.File(out + "row-of-ids.h5", "w") as f:
    f["emb"] = rows
    f["ids"] = numpy.array([ids], dtype="S6")
with h5py.File(out + "integers.h5", "w") as f:
    for i, row in zip(ids, rows): f[i] = (row.view("u4") >> 16).astype("u2")
with h5py.File(out + "compound.h5", "w") as f:
    f["table"] = numpy.array([(i.encode(), row) for i, row in zip(ids, rows)], dtype=[("id", "S6"), ("vector", "<f4", (3,))])
numpy.savez(out + "cube.npz", emb=rows[:, None, :], ids=numpy.array(ids))
with h5py.File(out + "odd.h5", "w") as f:
    for i, row in zip(ids, rows): f[i] = row
    f["P99999"] = numpy.zeros(0, "f4")
with h5py.File(out + "turned.h5", "w") as f:
    f["emb"] = rows.T
    f["ids"] = [i.encode() for i in ids]
with h5py.File(out + "STRING.h5", "w") as f:
    g = f.create_group("species/9606")
    g["embeddings"] = rows
    g["proteins"] = [i.encode() for i in ids]
    f["metadata/model"] = "ProtT5"
with h5py.File(out + "STRING2.h5", "w") as f:
    for taxon, plus in [("9606", 0), ("10090", 100)]:
        g = f.create_group("species/" + taxon)
        g["embeddings"] = rows + plus
        g["proteins"] = [i.encode() for i in ids]
numpy.save(out + "m.npy", rows)
numpy.save(out + "ids.npy", numpy.array(ids))
numpy.save(out + "idsb.npy", numpy.array(ids, dtype="S"))
numpy.save(out + "idso.npy", numpy.array(ids, dtype=object))
numpy.savez(out + "objects.npz", m=rows, ids=numpy.array(ids, dtype=object))
numpy.savez(out + "dict.npz", data=numpy.array(dict(zip(ids, rows)), dtype=object))
import pyarrow as pa, pyarrow.parquet as pq
lists = pa.array(list(rows), pa.list_(pa.float32()))
def parquet(name, **columns): pq.write_table(pa.table(columns), out + name)
parquet("category.parquet", id=pa.array(ids).dictionary_encode(), v=lists)
parquet("binary.parquet", id=pa.array([i.encode() for i in ids]), v=lists)
parquet("columns.parquet", id=pa.array(ids), **{f"d{c}": pa.array(rows[:, c]) for c in range(3)})
parquet("index.parquet", **{str(c): pa.array(rows[:, c]) for c in range(3)}, __index_level_0__=pa.array(ids))
pq.write_table(pa.table({"id": pa.array(ids), "v": lists}), out + "gzip.parquet", compression="gzip")
parquet("more.parquet", id=pa.array(ids), length=pa.array([1.0] * 5, pa.float32()), **{f"d{c}": pa.array(rows[:, c]) for c in range(3)})
parquet("nested.parquet", id=pa.array(ids), v=pa.array([[list(row)] for row in rows.tolist()], pa.list_(pa.list_(pa.float32()))))
"#;

static WRITTEN: LazyLock<Option<TempDir>> = LazyLock::new(|| {
    let python = interpreter()?;
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .args(["-c", WRITE])
        .arg(directory.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(directory)
});

fn open(
    directory: &Path,
    name: &str,
    ids: Option<&str>,
    key: Option<&str>,
    pool: Option<Pool>,
) -> Result<Vec<Vec<f32>>, FormatError> {
    let options = EmbeddingOptions {
        names: ArrayNames {
            matrix: key.map(str::to_owned),
            ids: None,
        },
        pool,
    };
    let ids = ids.map(|ids| directory.join(ids));
    let scratch = std::env::temp_dir();
    let mut reader =
        EmbeddingReader::open_with(&directory.join(name), ids.as_deref(), &options, &scratch)?;
    (1..=5)
        .map(|number| {
            let accession = format!("P{number:05}");
            // A name with a slash was written for a chain.
            let chain = format!("{accession}/1");
            let found = match reader.find(&accession)? {
                Some(found) => found,
                None => reader.find(&chain)?.unwrap(),
            };
            let mut numbers = Vec::new();
            reader.read_f32(found.row, &mut numbers)?;
            Ok(numbers)
        })
        .collect()
}

fn rows(plus: f32) -> Vec<Vec<f32>> {
    (0..5)
        .map(|row| {
            (0..3)
                .map(|column| (3 * row + column) as f32 + plus)
                .collect()
        })
        .collect()
}

#[test]
fn files_of_each_tool_are_read() {
    let Some(directory) = WRITTEN.as_ref().map(TempDir::path) else {
        return;
    };
    for (name, ids, key, pool, plus) in [
        ("bio.h5", None, None, None, 0.0),
        ("bio-bytes.h5", None, None, None, 0.0),
        ("hashes.h5", None, None, None, 0.0),
        ("prott5.h5", None, None, None, 0.0),
        ("per-protein.h5", None, None, None, 0.0),
        ("numbers.h5", Some("ids.npy"), None, None, 0.0),
        ("groups.h5", None, None, None, 0.0),
        ("slash.h5", None, None, None, 0.0),
        ("anndata.h5ad", None, None, None, 0.0),
        ("column.h5", None, None, None, 0.0),
        ("row-of-ids.h5", None, None, None, 0.0),
        ("STRING.h5", None, None, None, 0.0),
        (
            "STRING2.h5",
            None,
            Some("species/10090/embeddings"),
            None,
            100.0,
        ),
        ("fantasia.h5", None, None, None, 0.0),
        ("fantasia2.h5", None, Some("type_3/layer_24"), None, 24.0),
        ("fantasia2.h5", None, Some("layer_0"), None, 0.0),
        ("residues.h5", None, None, Some(Pool::Mean), 0.0),
        ("residues.npz", None, None, Some(Pool::Mean), 0.0),
        ("m.npy", Some("ids.npy"), None, None, 0.0),
        ("m.npy", Some("idsb.npy"), None, None, 0.0),
        ("m.npy", Some("idsbig.npy"), None, None, 0.0),
        ("order.npy", Some("ids.npy"), None, None, 0.0),
        ("order.npz", None, None, None, 0.0),
        ("vectors-big.npz", None, None, None, 0.0),
        ("residues-order.npz", None, None, Some(Pool::Mean), 0.0),
        ("category.parquet", None, None, None, 0.0),
        ("binary.parquet", None, None, None, 0.0),
        ("gzip.parquet", None, None, None, 0.0),
        ("columns.parquet", None, None, None, 0.0),
        ("index.parquet", None, None, None, 0.0),
    ] {
        if name.ends_with("parquet") && !cfg!(feature = "parquet") {
            continue;
        }
        let found = open(directory, name, ids, key, pool);
        let found = found.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found, rows(plus), "{name}");
    }
}

#[test]
fn what_is_not_read_is_an_error_with_the_next_step() {
    let Some(directory) = WRITTEN.as_ref().map(TempDir::path) else {
        return;
    };
    for (name, ids, words) in [
        (
            "fantasia2.h5",
            None,
            &[
                "each protein has 2 embeddings",
                "type_3/layer_0/embedding",
                "type_3/layer_24/embedding",
            ][..],
        ),
        (
            "STRING2.h5",
            None,
            &["species/9606/embeddings", "species/10090/embeddings"],
        ),
        (
            "odd.h5",
            None,
            &["P99999 (0 f32) is not a vector like the others (P00001 (3 f32))"],
        ),
        ("turned.h5", None, &["emb (3 × 5 f32)", "it is transposed"]),
        (
            "integers.h5",
            None,
            &["P00001 (3 16-bit integer)", "bfloat16", "astype('float32')"],
        ),
        (
            "compound.h5",
            None,
            &["table (5 compound)", "datasets of their own"],
        ),
        (
            "cube.npz",
            None,
            &["emb (5 × 1 × 3 f32)", "array.squeeze(1)"],
        ),
        ("residues.h5", None, &["embeddings of residues"]),
        ("residues.npz", None, &["embeddings of residues"]),
        ("one-residues.h5", None, &["embeddings of residues"]),
        (
            "m.npy",
            Some("idso.npy"),
            &["pickled Python objects", "astype(str)"],
        ),
        (
            "objects.npz",
            None,
            &["pickled Python objects", "astype(str)"],
        ),
        ("dict.npz", None, &["pickled Python objects", "d.values()"]),
        ("more.parquet", None, &["column length is not numbered"]),
        (
            "nested.parquet",
            None,
            &["embeddings of residues", "numpy.mean"],
        ),
    ] {
        if name.ends_with("parquet") && !cfg!(feature = "parquet") {
            continue;
        }
        let text = open(directory, name, ids, None, None)
            .unwrap_err()
            .to_string();
        for word in words {
            assert!(text.contains(word), "{name}: {text:?} lacks {word:?}");
        }
    }
}

#[test]
fn soft_links_are_followed_and_links_to_other_files_refused() {
    let Some(directory) = WRITTEN.as_ref().map(TempDir::path) else {
        return;
    };
    for name in ["soft.h5", "soft-new.h5"] {
        // The dataset has three names, and is one.
        let found = open(directory, name, None, None, None).unwrap();
        assert_eq!(found, rows(0.0), "{name}");
        let found = open(directory, name, None, Some("embeddings"), None).unwrap();
        assert_eq!(found, rows(0.0), "{name}");
    }
    for (name, words) in [
        ("external", &["bad", "other.h5", "/x", "another file"][..]),
        ("dangling", &["bad", "/no/such", "not in the file"]),
        ("circle", &["bad", "in a circle"]),
    ] {
        let error = open(directory, &format!("{name}.h5"), None, None, None).unwrap_err();
        let error = error.to_string();
        for word in words {
            assert!(error.contains(word), "{name}: {error}");
        }
    }
}
