//! Tests that damaged PyTorch, safetensors and text files are errors, without a panic.

use proptest::prelude::*;
use protea_formats::{ArrayNames, EmbeddingOptions, EmbeddingReader, Pool};

use crate::{
    input_files::Inputs,
    tensor_files::{Dtype, esm, safetensors, torch_dict},
};

fn files() -> Vec<Vec<u8>> {
    let vectors: Vec<(String, Vec<f32>)> = (0..20)
        .map(|row| (format!("P{row:05}"), vec![row as f32, 0.5, -1.0]))
        .collect();
    let named: Vec<(&str, Vec<f32>)> = vectors
        .iter()
        .map(|(name, vector)| (name.as_str(), vector.clone()))
        .collect();
    let tensors: Vec<_> = named
        .iter()
        .map(|(name, vector)| (*name, "F32", &[3usize][..], Dtype::Float.encode(vector)))
        .collect();
    let rows = named
        .iter()
        .map(|(name, v)| format!("{name},{},{},{}\n", v[0], v[1], v[2]));
    let table: String = std::iter::once("id,d0,d1,d2\n".to_owned())
        .chain(rows)
        .collect();
    vec![
        torch_dict(Dtype::BFloat16, &named),
        torch_dict(Dtype::Float, &named),
        esm(
            "P00001",
            &[(33, vec![1.0, 2.0])],
            &[vec![1.0, 2.0], vec![2.0, 3.0]],
        ),
        safetensors(&tensors),
        table.into_bytes(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damaged_tensors_and_tables_never_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
        pool: bool,
    ) {
        let inputs = Inputs::new();
        for mut bytes in files() {
            for (at, byte) in &places {
                // Mostly in the pickle or header, which is at the start.
                let area = if at.index(3) == 0 { bytes.len() } else { bytes.len().min(700) };
                bytes[at.index(area)] = *byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let path = inputs.write("damaged", &bytes);
            let options = EmbeddingOptions {
                names: ArrayNames::default(),
                pool: pool.then_some(Pool::Mean),
            };
            if let Ok(mut reader) = EmbeddingReader::open_with(&path, None, &options, inputs.dir.path()) {
                for row in 0..reader.rows() {
                    let mut numbers = Vec::new();
                    reader.read_f32(row, &mut numbers).unwrap();
                    prop_assert_eq!(numbers.len(), reader.width());
                }
            }
        }
    }
}
