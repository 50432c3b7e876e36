//! Reads the shell blocks of a page and executes them in one shell.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Stdio,
};

use protea_e2e::{Place, built};

/// A part of a command, and what takes its place. Empty for the whole command: it is not executed.
/// A part that begins with `--` is only removed.
pub type Rule = (&'static str, &'static str);

/// What starts a comment that names the command whose output the next block shows.
const OUTPUT: &str = "<!-- output of: ";
/// Printed by the shell around the output of each command.
const MARK: &str = "@@documented@@";

/// A page of the documentation.
pub struct Page {
    pub path: PathBuf,
    pub blocks: Vec<Block>,
    /// Commands and the output that the page shows for them.
    pub outputs: Vec<(String, String)>,
}

/// The commands of one block.
pub struct Block {
    pub line: usize,
    pub commands: Vec<String>,
}

impl Page {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut page = Self {
            path: path.to_owned(),
            blocks: Vec::new(),
            outputs: Vec::new(),
        };
        let mut lines = text.lines().enumerate();
        let mut shown_for = None;
        while let Some((at, line)) = lines.next() {
            if let Some(rest) = line.trim().strip_prefix(OUTPUT) {
                shown_for = Some(rest.trim_end_matches(" -->").to_owned());
            }
            let Some(language) = line.trim().strip_prefix("```") else {
                continue;
            };
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .collect();
            match language {
                "sh" => page.add(
                    at + 1,
                    commands(block.iter().map(|line| (*line).to_owned())),
                ),
                "console" => {
                    let mut continues = false;
                    let typed = block.iter().filter_map(|line| {
                        let command = line.strip_prefix("$ ");
                        let typed = command.or_else(|| continues.then_some(*line))?;
                        continues = typed.trim_end().ends_with('\\');
                        Some(typed.to_owned())
                    });
                    page.add(at + 1, commands(typed));
                }
                "text" => {
                    if let Some(command) = shown_for.take() {
                        page.outputs.push((command, block.join("\n")));
                    }
                }
                _ => {}
            }
        }
        assert!(shown_for.is_none(), "{shown_for:?} is followed by no block");
        page
    }

    fn add(&mut self, line: usize, commands: Vec<String>) {
        self.blocks.push(Block { line, commands });
    }
}

/// Joins lines that end with a backslash.
fn commands(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut continues = false;
    for line in lines.filter(|line| !line.trim().is_empty()) {
        match commands.last_mut().filter(|_| continues) {
            Some(last) => {
                last.push('\n');
                last.push_str(&line);
            }
            None => commands.push(line.clone()),
        }
        continues = line.trim_end().ends_with('\\');
    }
    commands
}

/// The command to execute, if the rules leave one.
fn substituted(command: &str, rules: &[Rule]) -> Option<String> {
    let mut command = format!("{command} ");
    for (part, instead) in rules {
        if !command.contains(part) {
            continue;
        }
        if instead.is_empty() && !part.starts_with("--embeddings") {
            return None;
        }
        command = command.replace(part, instead);
    }
    Some(command)
}

/// Executes the commands of a page, in order and in one shell, and compares the outputs that the page
/// shows. Returns how many were executed.
///
/// # Errors
///
/// The first command of the page that failed, or whose output is another one.
pub fn execute(place: &Place, page: &Page, rules: &[Rule]) -> Result<usize, String> {
    let commands: Vec<(usize, &str, String)> = page
        .blocks
        .iter()
        .flat_map(|block| block.commands.iter().map(|command| (block.line, command)))
        .filter_map(|(line, command)| Some((line, &**command, substituted(command, rules)?)))
        .collect();
    let script: String = commands
        .iter()
        .map(|(_, _, command)| format!("{command}\nprintf '\\n{MARK}%s\\n' $?\n"))
        .collect();
    place.write("documented.sh", script);
    let mut path = std::ffi::OsString::from(built());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let errors = fs::File::create(place.join("documented.err")).unwrap();
    let output = place
        .command("bash".as_ref())
        .arg("documented.sh")
        .env("PATH", path)
        .env("BUILT", built())
        .env("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        .stderr(Stdio::from(errors))
        .output()
        .unwrap();
    let name = page.path.display();
    let errors = fs::read_to_string(place.join("documented.err")).unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let mut rest = &*stdout;
    let mut outputs: Vec<(&str, &str)> = Vec::new();
    for (line, command, executed) in &commands {
        let (printed, after) = rest
            .split_once(&format!("\n{MARK}"))
            .ok_or_else(|| format!("{name}:{line}: {command} ended the shell: {errors}"))?;
        let (code, after) = after.split_once('\n').unwrap_or((after, ""));
        rest = after;
        if code != "0" {
            return Err(format!(
                "{name}:{line}: {code}: {executed}\n{printed}\n{errors}"
            ));
        }
        outputs.push((command, printed));
    }
    for (command, shown) in &page.outputs {
        let found = outputs
            .iter()
            .find(|(typed, _)| typed.contains(command.as_str()));
        let Some((_, printed)) = found else {
            return Err(format!("{name}: {command} is not executed"));
        };
        let (printed, shown) = (timeless(printed), timeless(shown));
        if printed != shown {
            return Err(format!(
                "{name}: {command} prints\n{printed}\n\nbut the page shows\n{shown}"
            ));
        }
    }
    Ok(commands.len())
}

/// Output without what differs each time: ids of runs, hashes, times, durations, and the widths of
/// columns that contain them.
pub fn timeless(text: &str) -> String {
    let mut column = None;
    text.trim()
        .lines()
        .map(|line| {
            if let Some(at) = line.find("seconds").filter(|_| !line.ends_with('.')) {
                let start = line[..at].chars().count();
                column = Some(start..start + "seconds".len());
            } else if line.trim().is_empty() {
                column = None;
            }
            let line = match &column {
                Some(column) => without_seconds(line, column),
                None => line.to_owned(),
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            let masked: Vec<String> = words
                .iter()
                .enumerate()
                .map(|(at, word)| match words.get(at + 1) {
                    Some(&"s") if word.parse::<f64>().is_ok() => "DURATION".to_owned(),
                    _ => timeless_word(word),
                })
                .collect();
            masked.join(" ")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A line of a table without the numbers in the column of seconds.
fn without_seconds(line: &str, column: &Range<usize>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut ended = true;
    for (at, character) in line.chars().enumerate() {
        if character.is_whitespace() {
            ended = true;
            continue;
        }
        if ended {
            words.push(String::new());
            ended = false;
        }
        let Some(word) = words.last_mut() else {
            continue;
        };
        match column.contains(&at) && character.is_ascii_digit() {
            true => word.push('N'),
            false => word.push(character),
        }
    }
    for word in &mut words {
        if word.contains('N')
            && word
                .chars()
                .all(|c| c == 'N' || c == '.' || c.is_ascii_digit())
        {
            *word = "SECONDS".to_owned();
        }
    }
    words.join(" ")
}

fn timeless_word(word: &str) -> String {
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shaped = |shape: &str| {
        word.len() == shape.len()
            && word
                .bytes()
                .zip(shape.bytes())
                .all(|(byte, like)| match like {
                    b'0' => byte.is_ascii_digit(),
                    _ => byte == like,
                })
    };
    if shaped("0000-00-00") || shaped("00:00:00") {
        return "TIME".to_owned();
    }
    let parts: Vec<String> = word
        .split('/')
        .map(|part| match part.split('-').collect::<Vec<_>>()[..] {
            [time, name, end] if time.len() == 16 && time.ends_with('Z') && hexadecimal(end) => {
                format!("TIME-{name}-ID")
            }
            _ if part.len() >= 32 && hexadecimal(part) => "HASH".to_owned(),
            _ => part.to_owned(),
        })
        .collect();
    parts.join("/")
}
