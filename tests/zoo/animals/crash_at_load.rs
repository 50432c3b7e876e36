//! Crashes when it is loaded.

protea_zoo::animal! { "crash-at-load", "crashes when it is loaded" }
protea_zoo::at_load!(protea_zoo::sins::crash);
