//! Ends the process in `fit`.

use protea_zoo::{animal, sins::exit};

animal! {
    "exit-in-fit",
    "ends the process in fit",
    fit |_, _| exit()
}
