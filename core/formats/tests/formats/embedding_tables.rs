//! Tests that embeddings in tables of text are read.

use protea_formats::{ArrayNames, EmbeddingOptions, FormatError};

use crate::{input_files::Inputs, torch_embeddings::read};

fn options(ids: Option<&str>) -> EmbeddingOptions {
    EmbeddingOptions {
        names: ArrayNames {
            matrix: None,
            ids: ids.map(str::to_owned),
        },
        pool: None,
    }
}

fn expected() -> Vec<(String, Vec<f32>)> {
    vec![
        ("P00001".into(), vec![0.25, -1.5, 3.0]),
        ("P00002".into(), vec![1e-3, 0.1, 7.0]),
    ]
}

#[test]
fn tables_in_each_form_are_read() {
    let inputs = Inputs::new();
    for (name, table) in [
        ("plain", "P00001,0.25,-1.5,3\nP00002,1e-3,0.1,7\n"),
        ("tabs", "P00001\t0.25\t-1.5\t3\nP00002\t1e-3\t0.1\t7\n"),
        ("semicolons", "P00001;0.25;-1.5;3\nP00002;1e-3;0.1;7\n"),
        ("blanks", "P00001 0.25  -1.5 3\nP00002 1e-3 0.1 7\n"),
        (
            "header",
            "id,d0,d1,d2\nP00001,0.25,-1.5,3\nP00002,1e-3,0.1,7\n",
        ),
        ("pandas", ",0,1,2\nP00001,0.25,-1.5,3\nP00002,1e-3,0.1,7\n"),
        (
            "pandas with an index",
            ",id,0,1,2\n0,P00001,0.25,-1.5,3\n1,P00002,1e-3,0.1,7\n",
        ),
        (
            "names last",
            "d0,d1,d2,id\n0.25,-1.5,3,P00001\n1e-3,0.1,7,P00002\n",
        ),
        (
            "R",
            "d0\td1\td2\nP00001\t0.25\t-1.5\t3\nP00002\t1e-3\t0.1\t7\n",
        ),
        (
            "quoted",
            "\"id\",\"d0\",\"d1\",\"d2\"\n\"P00001\",\"0.25\",\"-1.5\",\"3\"\n\"P00002\",\"1e-3\",\"0.1\",\"7\"\n",
        ),
        (
            "a spreadsheet",
            "\u{feff}id,d0,d1,d2\r\nP00001,0.25,-1.5,3\r\nP00002,1e-3,0.1,7\r\n",
        ),
        ("word2vec", "2 3\nP00001 0.25 -1.5 3\nP00002 1e-3 0.1 7\n"),
        (
            "a column of lists",
            "id,vector\nP00001,\"[0.25, -1.5, 3]\"\nP00002,\"[1e-3 0.1\t7]\"\n",
        ),
        (
            "lists beside lengths",
            "id\tlength\tvector\nP00001\t8\t[0.25, -1.5, 3]\nP00002\t9\t[1e-3, 0.1, 7]\n",
        ),
    ] {
        let path = inputs.write("e", table);
        let found = read(&path, None, &options(None)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(found, expected(), "{name}");
        let found = read(&inputs.gzip("e"), None, &options(None)).unwrap();
        assert_eq!(found, expected(), "{name}, compressed");
    }
    let ids = inputs.write("ids.txt", "P00001\nP00002\n");
    let path = inputs.write("m.csv", "0.25,-1.5,3\n1e-3,0.1,7\n");
    assert_eq!(read(&path, Some(&ids), &options(None)).unwrap(), expected());
    let path = inputs.write(
        "two.csv",
        "acc,gene,d0,d1,d2\nP00001,A,0.25,-1.5,3\nP00002,B,1e-3,0.1,7\n",
    );
    assert_eq!(
        read(&path, None, &options(Some("acc"))).unwrap(),
        expected()
    );
}

#[test]
fn other_texts_are_errors_with_the_place() {
    let inputs = Inputs::new();
    for (table, words) in [
        (
            "P1,0.1,0.2\nP2,0.1\n",
            "e:2: the row has 2 columns, but the first has 3",
        ),
        ("P1,0.1,0.2\nP2,0.1,x\n", "e:2: \"x\" is not a number"),
        ("P1,0.1,0.2\nP2,0.1,\n", "e:2: \"\" is not a number"),
        ("P1,0.1,1e39\n", "e:1: \"1e39\" exceeds the range of f32"),
        ("P1;0,1;0,2\n", "several columns could be the names"),
        (
            "id,gene,d0\nP1,A,0.1\n",
            "several columns could be the names",
        ),
        (
            "id,length,d0,d1,d2\nP1,80,0.1,0.2,0.3\nP2,90,0.1,0.2,0.3\n",
            "column 2 \"length\" is not numbered",
        ),
        (
            "id,v\nP1,\"[0.1, 0.2]\"\nP2,\"[0.1]\"\n",
            "e:3: the row has 1 numbers",
        ),
        ("id,v\nP1,\"[0.1 ... 0.2]\"\n", "is not a number"),
        (">P1\nMKV\n", "sequences in FASTA"),
        ("P1,0.1\nP1,0.2\n", "both have the accession P1"),
        ("<html><body>404</body></html>\n", "a web page"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
            "git lfs pull",
        ),
    ] {
        let path = inputs.write("e", table);
        let error = read(&path, None, &options(None)).expect_err(table);
        assert!(error.to_string().contains(words), "{table:?}: {error}");
    }
    let error = read(
        &inputs.write("e", "0.1,0.2\n0.3,0.4\n"),
        None,
        &options(None),
    )
    .unwrap_err();
    assert!(matches!(error, FormatError::Nameless { .. }), "{error}");
}
