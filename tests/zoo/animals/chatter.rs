//! Prints to standard output, which a host uses for results.

use protea_zoo::animal;

animal! {
    "chatter",
    "prints what it does",
    fit |_, _| {
        println!("epoch 1: loss 0.5");
        Ok(())
    }
}
