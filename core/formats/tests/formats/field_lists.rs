//! Tests embeddings without names of their own, with other data beside them, or with names that hold
//! the accession.

use std::path::Path;

use protea_formats::{EmbeddingOptions, EmbeddingReader, FormatError, NameRule, Reading, inspect};

use crate::{
    input_files::{Inputs, npy_header},
    tensor_files::{Dtype, Pickle, safetensors, torch, torch_dict},
    torch_embeddings::read,
};

const NAMES: [&str; 3] = ["P00001", "P00002", "Q00003"];

fn vector(at: usize) -> Vec<f32> {
    vec![at as f32, at as f32 + 0.5]
}

fn expected() -> Vec<(String, Vec<f32>)> {
    let rows = NAMES.into_iter().enumerate();
    rows.map(|(at, name)| (name.to_owned(), vector(at)))
        .collect()
}

fn tensor(pickle: Pickle, at: usize) -> Pickle {
    pickle.tensor(Dtype::Float, (at, 2), 0, &[2], &[1])
}

/// A file of `torch.save` of a list; `item` writes an item.
fn torch_list(item: impl Fn(Pickle, usize) -> Pickle) -> Vec<u8> {
    let open = Pickle::new().raw(b"](");
    let pickle = (0..3).fold(open, item).raw(b"e").end();
    let storages: Vec<_> = (0..3).map(|at| Dtype::Float.encode(&vector(at))).collect();
    torch(&pickle, &storages)
}

/// An archive of `numpy.savez` of vectors with these names.
fn npz(arrays: &[(&str, Vec<f32>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, numbers) in arrays {
        let shape = match numbers.as_slice() {
            [_] => "()".to_owned(),
            several => format!("({},)", several.len()),
        };
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        zip.start_file(
            format!("{name}.npy"),
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
        std::io::Write::write_all(&mut zip, &npy_header(&header)).unwrap();
        std::io::Write::write_all(&mut zip, &Dtype::Float.encode(numbers)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn read_file(path: &Path, ids: Option<&Path>) -> Result<Vec<(String, Vec<f32>)>, FormatError> {
    let mut rows = read(path, ids, &EmbeddingOptions::default())?;
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(rows)
}

#[test]
fn a_list_of_accessions_names_numbered_vectors() {
    let inputs = Inputs::new();
    let ids = inputs.write("ids.txt", "# made by x\nP00001\nP00002\nQ00003\n");
    let many: Vec<_> = (0..12)
        .rev()
        .map(|at| (format!("arr_{at}"), vector(at)))
        .collect();
    let many: Vec<_> = many
        .iter()
        .map(|(name, v)| (name.as_str(), v.clone()))
        .collect();
    for (name, content) in [
        ("list.pt", torch_list(tensor)),
        (
            "ints.pt",
            torch_dict(
                Dtype::Float,
                &[("1", vector(1)), ("0", vector(0)), ("2", vector(2))],
            ),
        ),
        (
            "arrays.npz",
            npz(&[
                ("arr_1", vector(1)),
                ("arr_0", vector(0)),
                ("arr_2", vector(2)),
            ]),
        ),
    ] {
        let path = inputs.write(name, content);
        assert_eq!(read_file(&path, Some(&ids)).unwrap(), expected(), "{name}");
        let found = inspect(&path, inputs.dir.path()).unwrap();
        assert_eq!(
            found.reading,
            Some(Reading::EmbeddingsWithIds),
            "{name}: {found:?}"
        );
    }
    let list: String = (0..12).map(|at| format!("X{at}\n")).collect();
    let list = inputs.write("many.txt", list);
    let found = read_file(&inputs.write("many.npz", npz(&many)), Some(&list)).unwrap();
    assert!(found.contains(&("X10".into(), vector(10))), "{found:?}");
    // Other names are names.
    let path = inputs.write(
        "named.pt",
        torch_dict(
            Dtype::Float,
            &[("A1", vector(0)), ("A2", vector(1)), ("A3", vector(2))],
        ),
    );
    let error = read_file(&path, Some(&ids)).unwrap_err().to_string();
    assert!(
        error.contains("do not give accessions") && error.contains("PyTorch"),
        "{error}"
    );
}

#[test]
fn lists_of_pairs_and_of_dictionaries_are_read() {
    let inputs = Inputs::new();
    for (name, content) in [
        (
            "pairs",
            torch_list(|p, at| tensor(p.raw(b"(").text(NAMES[at]), at).raw(b"t")),
        ),
        (
            "pairs the other way",
            torch_list(|p, at| tensor(p.raw(b"("), at).text(NAMES[at]).raw(b"t")),
        ),
        (
            "dictionaries",
            torch_list(|p, at| {
                let open = p
                    .raw(b"}(")
                    .text("species")
                    .text("x")
                    .text("id")
                    .text(NAMES[at]);
                tensor(open.text("embedding"), at).raw(b"u")
            }),
        ),
        (
            "dictionaries with another key",
            torch_list(|p, at| {
                tensor(p.raw(b"}(").text("prot").text(NAMES[at]).text("v"), at).raw(b"u")
            }),
        ),
    ] {
        let path = inputs.write("x.pt", content);
        assert_eq!(read_file(&path, None).unwrap(), expected(), "{name}");
    }
}

#[test]
fn single_values_beside_vectors_are_left_out() {
    let inputs = Inputs::new();
    let bytes = |at: usize| Dtype::Float.encode(&vector(at));
    let [one, two, three] = NAMES;
    let model = Pickle::new()
        .raw(b"}(")
        .text("model")
        .text("esm2")
        .text("layer")
        .int(33);
    let model = (0..3).fold(model, |p, at| tensor(p.text(NAMES[at]), at));
    let storages: Vec<_> = (0..3).map(bytes).collect();
    for (name, content) in [
        ("x.pt", torch(&model.raw(b"u").end(), &storages)),
        (
            "x.npz",
            npz(&[
                ("dim", vec![8.0]),
                (one, vector(0)),
                (two, vector(1)),
                (three, vector(2)),
            ]),
        ),
        (
            "x.safetensors",
            safetensors(&[
                ("layer", "I64", &[1], 33u64.to_le_bytes().to_vec()),
                (one, "F32", &[2], bytes(0)),
                (two, "F32", &[2], bytes(1)),
                (three, "F32", &[2], bytes(2)),
            ]),
        ),
    ] {
        let path = inputs.write(name, content);
        assert_eq!(read_file(&path, None).unwrap(), expected(), "{name}");
        let reader = EmbeddingReader::open_with(
            &path,
            None,
            &EmbeddingOptions::default(),
            inputs.dir.path(),
        );
        let left_out = reader.unwrap().left_out().to_vec();
        let wanted = match name {
            "x.pt" => vec!["model", "layer"],
            "x.npz" => vec!["dim"],
            _ => vec!["layer"],
        };
        assert_eq!(left_out, wanted, "{name}");
    }
}

#[test]
fn the_accession_within_a_name_is_found_last() {
    let inputs = Inputs::new();
    for name in [
        "UniProtKB:P12345",
        "AF-P12345-F1-model_v4",
        "UniRef50_P12345",
        "P12345.fasta",
        "P12345|9606",
        "lcl|P12345",
        "gnl|mine|P12345",
        "embeddings.P12345",
    ] {
        let text = format!("{name}\t1\t2\nQ99999\t3\t4\n");
        let path = inputs.write("x.tsv", text);
        let mut reader = EmbeddingReader::open_with(
            &path,
            None,
            &EmbeddingOptions::default(),
            inputs.dir.path(),
        )
        .unwrap();
        let found = reader.find("P12345").unwrap().unwrap();
        assert_eq!((found.row, found.rule), (0, NameRule::Contained), "{name}");
        assert_eq!(reader.find("P54321").unwrap(), None, "{name}");
    }
    let path = inputs.write(
        "x.tsv",
        "AF-P12345-F1\t1\t2\nP12345_Q99999\t3\t4\nP12345\t5\t6\n",
    );
    let mut reader =
        EmbeddingReader::open_with(&path, None, &EmbeddingOptions::default(), inputs.dir.path())
            .unwrap();
    assert_eq!(
        reader.find("P12345").unwrap().unwrap().rule,
        NameRule::Exact
    );
}
