//! The C header, compiled, against the Rust side: sizes, offsets, constants, the descriptor.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    mem::{align_of, offset_of, size_of},
    path::{Path, PathBuf},
    process::Command,
};

use protea_contracts::{
    CONTRACT_VERSION, Descriptor, Level,
    abi::c::{self, Answer, Host, Runner},
    descriptor,
};

const LAYOUT: &str = r#"
#include <stdio.h>
#include "protea_runner.h"

#define SIZE(type) printf(#type " %zu %zu\n", sizeof(type), _Alignof(type))
#define FIELD(type, field) printf(#type "." #field " %zu\n", offsetof(type, field))
#define NUMBER(name) printf(#name " %lu\n", (unsigned long)(name))

int main(void) {
    SIZE(protea_host);
    FIELD(protea_host, struct_size);
    FIELD(protea_host, context);
    FIELD(protea_host, emit);
    FIELD(protea_host, is_cancelled);
    FIELD(protea_host, level);
    FIELD(protea_host, retain);
    FIELD(protea_host, release);
    SIZE(protea_answer);
    FIELD(protea_answer, struct_size);
    FIELD(protea_answer, json);
    FIELD(protea_answer, length);
    SIZE(protea_runner);
    FIELD(protea_runner, struct_size);
    FIELD(protea_runner, describe);
    FIELD(protea_runner, fit);
    FIELD(protea_runner, evaluate);
    FIELD(protea_runner, export_model);
    FIELD(protea_runner, free_answer);
    FIELD(protea_runner, explain);
    FIELD(protea_runner, predict);
    NUMBER(PROTEA_OK);
    NUMBER(PROTEA_ERROR);
    NUMBER(PROTEA_LEVEL_DEBUG);
    NUMBER(PROTEA_LEVEL_INFO);
    NUMBER(PROTEA_LEVEL_WARNING);
    NUMBER(PROTEA_LEVEL_ERROR);
    NUMBER(PROTEA_TEXT_LIMIT);
    NUMBER(PROTEA_DESCRIPTOR_SIZE);
    printf("PROTEA_CONTRACT_VERSION %s\n", PROTEA_CONTRACT_VERSION);
    printf("PROTEA_RUNNER_SYMBOL %s\n", PROTEA_RUNNER_SYMBOL);
    return 0;
}
"#;

fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include")
}

/// Compiles with every warning an error, and gives what was made.
fn compile(name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (file, made) = (directory.join(name), directory.join(format!("{name}.out")));
    fs::write(&file, source).unwrap();
    let output = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(arguments)
        .arg("-I")
        .arg(include())
        .arg("-o")
        .args([&made, &file])
        .output()
        .expect("the tests of the C face need a C compiler named cc");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    made
}

fn run(program: &Path) -> Vec<u8> {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn the_header_has_the_sizes_and_offsets_of_the_rust_side() {
    macro_rules! expected {
        ($($c_name:literal $rust:ident { $($field:ident),* })*) => {
            vec![$(
                format!("{} {} {}", $c_name, size_of::<$rust>(), align_of::<$rust>()),
                $(format!("{}.{} {}", $c_name, stringify!($field), offset_of!($rust, $field)),)*
            )*]
        };
    }
    let mut expected = expected! {
        "protea_host" Host { struct_size, context, emit, is_cancelled, level, retain, release }
        "protea_answer" Answer { struct_size, json, length }
        "protea_runner" Runner { struct_size, describe, fit, evaluate, export_model, free_answer, explain, predict }
    };
    expected.extend([
        format!("PROTEA_OK {}", c::OK),
        format!("PROTEA_ERROR {}", c::ERROR),
        format!("PROTEA_LEVEL_DEBUG {}", Level::Debug as u32),
        format!("PROTEA_LEVEL_INFO {}", Level::Info as u32),
        format!("PROTEA_LEVEL_WARNING {}", Level::Warning as u32),
        format!("PROTEA_LEVEL_ERROR {}", Level::Error as u32),
        format!("PROTEA_TEXT_LIMIT {}", c::TEXT_LIMIT),
        format!("PROTEA_DESCRIPTOR_SIZE {}", descriptor::SIZE),
        format!("PROTEA_CONTRACT_VERSION {CONTRACT_VERSION}"),
        format!("PROTEA_RUNNER_SYMBOL {}", c::SYMBOL),
    ]);
    let printed = run(&compile("layout.c", LAYOUT, &["-std=c11"]));
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_descriptor_made_in_c_is_the_one_made_in_rust() {
    const EXPECTED: [u8; descriptor::SIZE] =
        Descriptor::encode("c-runner", "0.1.0", CONTRACT_VERSION, "Ein Läufer");
    let source = r#"
        #include <stdio.h>
        #include "protea_runner.h"
        PROTEA_RUNNER_DESCRIPTOR("c-runner", "0.1.0", "Ein Läufer");
        int main(void) {
            return fwrite(&protea_runner_descriptor_v1, sizeof(protea_descriptor), 1, stdout) != 1;
        }
    "#;
    let printed = run(&compile("descriptor.c", source, &["-std=c11"]));
    assert_eq!(printed, EXPECTED);
}

#[test]
fn a_descriptor_as_json_is_the_one_that_a_host_reads() {
    let source = r#"
        #include <stdio.h>
        #include "protea_runner.h"
        int main(void) { return puts(PROTEA_DESCRIPTOR_JSON("a", "0.1.0", "One line.")) < 0; }
    "#;
    let printed = run(&compile("json.c", source, &["-std=c11"]));
    let read: Descriptor = serde_json::from_slice(&printed).unwrap();
    let block = Descriptor::encode("a", "0.1.0", CONTRACT_VERSION, "One line.");
    assert_eq!(read, Descriptor::parse(&block).unwrap());
}

#[test]
fn the_compiler_refuses_names_that_do_not_fit() {
    for (name, summary, why) in [
        (
            String::new(),
            String::new(),
            "the name of a runner is 1 to 64 long",
        ),
        (
            "n".repeat(65),
            String::new(),
            "the name of a runner is 1 to 64 long",
        ),
        ("n".to_owned(), "s".repeat(1000), "too long together"),
    ] {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused.c");
        let source = format!(
            "#include \"protea_runner.h\"\nPROTEA_RUNNER_DESCRIPTOR(\"{name}\", \"0.1.0\", \"{summary}\");\n"
        );
        fs::write(&file, source).unwrap();
        let output = Command::new("cc")
            .args(["-std=c11", "-fsyntax-only", "-I"])
            .args([&include(), &file])
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn the_header_is_c_plus_plus_as_well() {
    if Command::new("c++").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no C++ compiler named c++");
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header.cpp");
    fs::write(
        &file,
        "#include \"protea_runner.h\"\nPROTEA_RUNNER_DESCRIPTOR(\"cpp\", \"0.1.0\", \"One line.\");\n",
    )
    .unwrap();
    let output = Command::new("c++")
        .args([
            "-std=c++20",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-fsyntax-only",
            "-I",
        ])
        .args([&include(), &file])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
