use protea_contracts::prelude::*;

struct Runner;

export_runner!(Runner, name: "mine");

fn main() {}
