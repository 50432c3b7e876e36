//! `protea completions` and `protea man-pages`.

use std::{fs, process::Command};

use crate::place::Place;

/// What bash completes the last of these words to, from the script that the command prints.
fn completed(place: &Place, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, place_of_last) = (words.len() - 1, words.len() - 2);
    let script = format!(
        "source ./protea.bash\ncomplete -p protea >/dev/null || exit 1\n\
         COMP_WORDS=({}); COMP_CWORD={last}\n\
         _protea protea '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        words[last],
        words[place_of_last],
    );
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", &script])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
#[cfg(unix)]
fn bash_completes_commands_and_options() {
    let place = Place::new();
    let script = place.run("completions bash").ok().stdout;
    place.write("protea.bash", script);
    assert_eq!(completed(&place, &["protea", "bench"]), ["benchmark"]);
    assert_eq!(completed(&place, &["protea", "runs", "com"]), ["compare"]);
    let options = completed(&place, &["protea", "runs", "gc", "--ke"]);
    assert_eq!(options, ["--keep-best"]);
    let kinds = completed(&place, &["protea", "completions", "f"]);
    assert_eq!(kinds, ["fish"]);
}

#[test]
fn every_shell_has_a_script() {
    let place = Place::new();
    for (shell, start) in [
        ("bash", "_protea()"),
        ("zsh", "#compdef protea"),
        ("fish", "# "),
    ] {
        let script = place.run(&format!("completions {shell}")).ok().stdout;
        assert!(script.starts_with(start), "{shell}: {script}");
        // Nothing in it was escaped for a terminal.
        assert!(!script.contains("\\u{"), "{shell}");
        let json = place
            .run(&format!("completions {shell} --json"))
            .ok()
            .json();
        assert_eq!(json["script"], script);
    }
    assert!(
        place
            .run("completions csh")
            .error(2)
            .contains("bash, zsh, fish")
    );
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    let written = place.run("man-pages man/man1 --json").ok().json();
    let pages = written["pages"].as_array().unwrap();
    assert!(pages.len() > 50, "{pages:?}");
    let read = |name: &str| fs::read_to_string(place.join("man/man1").join(name)).unwrap();
    for (page, part) in [
        ("protea.1", "Exit codes"),
        ("protea-runs-gc.1", "\\-\\-keep\\-best"),
        ("protea-dataset-freeze.1", "\\-\\-ontology"),
    ] {
        assert!(read(page).contains(part), "{page}: {}", read(page));
    }
    // Again: an update replaces them.
    place.run("man-pages man/man1").ok();
}
