//! The page for Python is one program. Its blocks are executed in order in one interpreter, and what
//! they print is compared with what the page shows after `<!-- printed -->`.

use std::{env, ffi::OsString, fs};

use protea_e2e::{Place, Ran, built, in_repository};
use serde_json::json;

use super::{inputs::write, page::timeless};

/// Executes each block of a list and prints a mark after it.
const DRIVER: &str = "\
import json, sys
names = {'__name__': '__main__'}
for block in json.load(open(sys.argv[1])):
    exec(compile(block, 'page', 'exec'), names)
    print('@@documented@@', flush=True)
";
const MARK: &str = "@@documented@@\n";

/// A block of Python, and what the page shows of its output.
struct Block {
    line: usize,
    code: String,
    printed: Option<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut is_printed = false;
    while let Some((at, line)) = lines.next() {
        is_printed |= line == "<!-- printed -->";
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        match (language, is_printed) {
            ("python", _) => blocks.push(Block {
                line: at + 1,
                code: block.join("\n"),
                printed: None,
            }),
            ("text", true) => {
                is_printed = false;
                let last = blocks.last_mut().expect("it follows a block of Python");
                last.printed = Some(block.join("\n"));
            }
            _ => {}
        }
    }
    blocks
}

#[test]
fn the_page_for_python_works_as_typed() {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has pandas ***\n");
        return;
    };
    let place = Place::new();
    write(&place);
    let blocks = blocks(&fs::read_to_string(in_repository("docs/src/python.md")).unwrap());
    assert!(blocks.len() >= 8, "only {} blocks", blocks.len());
    let code: Vec<&str> = blocks.iter().map(|block| &*block.code).collect();
    place.write("blocks.json", json!(code).to_string());
    let mut path = OsString::from(built());
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let ran = place
        .command(python.as_ref())
        .args(["-c", DRIVER, "blocks.json"])
        .env("PATH", path)
        .output();
    let ran = Ran::from(ran.unwrap());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for (block, printed) in blocks.iter().zip(ran.stdout.split(MARK)) {
        let shown = block.printed.as_deref().unwrap_or_default();
        assert_eq!(timeless(printed), timeless(shown), "line {}", block.line);
    }
}
