//! What `protea predict` writes never takes the place of something else.

use std::{fs, path::Path};

use protea_e2e::{Place, test};

use super::{
    fasta, id,
    refusals::{npy, refused},
    run,
};

#[test]
fn two_outputs_with_one_name_are_refused() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, _) = fasta(&place, 2);
    fs::create_dir(place.join("sub")).unwrap();
    let given = [id(&run), "--fasta", fasta.as_str()];
    for (output, unpredicted) in [
        ("s3", "s3"),
        ("s3", "./s3"),
        ("s3", "sub/../s3"),
        ("s3", "s3.provenance.json"),
        ("new/s3", "new/./s3"),
        ("s3", "s3/list"),
    ] {
        let outputs = ["-o", output, "--unpredicted", unpredicted];
        for force in [&["--force"][..], &[]] {
            refused(&place, &[&given, &outputs[..], force].concat())
                .fails_with(5, &["give each output a different name"]);
        }
    }
    assert!(!place.join("new").exists());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("sub", place.join("link")).unwrap();
        let outputs = ["-o", "sub/a", "--unpredicted", "link/a"];
        refused(&place, &[&given, &outputs[..]].concat()).fails_with(5, &["the same file"]);
    }
}

#[test]
fn inputs_are_never_replaced() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 2);
    let export = run["artifacts"]["export"][0]["uri"].as_str().unwrap();
    let export = Path::new(export.trim_start_matches("file://"));
    fs::rename(export.parent().unwrap(), place.join("moved")).unwrap();
    let dataset = protea_e2e::copy_of(&test(), &place.join("queries"));
    let directory = run["artifacts"]["directory"].as_str().unwrap();
    let manifest = format!("{directory}/run_manifest.json");
    let model = format!("{directory}/model/model.json");
    let queries = ["--fasta", fasta.as_str()];
    let frozen = ["--dataset", dataset.to_str().unwrap()];
    for (model, queries, output) in [
        (id(&run), queries, "new.fasta"),
        (id(&run), queries, "./new.fasta"),
        ("moved", queries, "moved/model.json"),
        ("moved", queries, "moved/references/dataset.json"),
        (id(&run), queries, manifest.as_str()),
        (id(&run), queries, model.as_str()),
        (id(&run), frozen, "queries/proteins.arrow"),
    ] {
        let before = fs::read(place.join(output)).unwrap();
        for option in ["-o", "--unpredicted"] {
            let more = ["-o", "fine"];
            let more = if option == "-o" { &more[..0] } else { &more };
            let given = [&[model], &queries[..], &[option, output, "--force"], more].concat();
            let ran = refused(&place, &given);
            assert_eq!(ran.code, Some(5), "{output}: {ran:#?}");
            assert!(
                ran.stderr.contains("is an input") || ran.stderr.contains("this command reads"),
                "{output}: {ran:#?}"
            );
        }
        assert!(fs::read(place.join(output)).unwrap() == before, "{output}");
    }
    // Lists, vectors and the ontology are inputs too, also through a link.
    place.write("vectors.npy", npy(2, 2, 1.0));
    place.write("ids.txt", "a\nb\n");
    let vectors = ["--embeddings", "vectors.npy", "--ids", "ids.txt"];
    for output in ["vectors.npy", "ids.txt"] {
        let outputs = ["-o", output, "--force"];
        refused(
            &place,
            &[&[id(&run)], &queries[..], &vectors, &outputs].concat(),
        )
        .fails_with(5, &["is an input"]);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("new.fasta", place.join("link.fasta")).unwrap();
        let given = [
            id(&run),
            "--fasta",
            "link.fasta",
            "-o",
            "new.fasta",
            "--force",
        ];
        refused(&place, &given).fails_with(5, &["is an input"]);
    }
}

#[test]
fn prediction_tools_replace_no_ontology_and_no_list() {
    let place = Place::new();
    let ontology = protea_e2e::train().join("ontology.obo");
    fs::copy(ontology, place.join("go.obo")).unwrap();
    place.write("a.tsv", "P1\tGO:0003824\t0.5\n");
    place.write("list", "P1\n");
    let cut = [
        "predictions",
        "cut",
        "a.tsv",
        "--ontology",
        "go.obo",
        "--proteins",
        "list",
    ];
    for output in ["go.obo", "list", "./list"] {
        let before = fs::read(place.join(output)).unwrap();
        place
            .protea(cut.iter().chain(&["-o", output, "--force"]))
            .fails_with(5, &["is an input"]);
        assert!(fs::read(place.join(output)).unwrap() == before);
    }
    // The file of predictions itself can be replaced: it is read in full before.
    let ran = place.protea(cut.iter().chain(&["-o", "a.tsv", "--force"]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let ia = [
        "dataset",
        "ia",
        "--annotations",
        "a.tsv",
        "--ontology",
        "go.obo",
        "--force",
    ];
    for output in ["a.tsv", "go.obo"] {
        place
            .protea(ia.iter().chain(&["-o", output]))
            .fails_with(5, &["is an input"]);
    }
}

#[test]
fn unwritable_outputs_are_refused_before_the_work() {
    let place = Place::new();
    let (fasta, _) = fasta(&place, 2);
    place.write("file", "");
    // The model would be looked for next.
    let given = ["nothing", "--fasta", fasta.as_str()];
    for outputs in [
        &["-o", "file/a/out.tsv"][..],
        &["-o", "out.tsv", "--unpredicted", "file/list"],
    ] {
        let given = [&given[..], outputs].concat();
        refused(&place, &given).fails_with(5, &[outputs[outputs.len() - 1], "cannot be written"]);
    }
    let convert = ["predictions", "convert", "missing.tsv", "-o", "file/a.tsv"];
    place
        .protea(convert)
        .fails_with(5, &["file/a.tsv cannot be written"]);
    let given = ["nothing", "--fasta", fasta.as_str(), "-o", "new/a/out.tsv"];
    refused(&place, &given).fails_with(3, &["there is no workspace"]);
}
