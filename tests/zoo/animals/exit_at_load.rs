//! Ends the process when it is loaded.

protea_zoo::animal! { "exit-at-load", "ends the process when it is loaded" }
protea_zoo::at_load!(protea_zoo::sins::exit);
