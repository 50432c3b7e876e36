//! Prints to standard output, where a host has results for other programs.

use protea_zoo::animal;

animal! {
    "chatter",
    "prints what it does",
    fit |_, _| {
        println!("epoch 1: loss 0.5");
        Ok(())
    }
}
