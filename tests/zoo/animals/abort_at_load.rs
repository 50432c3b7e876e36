//! Aborts when it is loaded.

protea_zoo::animal! { "abort-at-load", "aborts when it is loaded" }
protea_zoo::at_load!(protea_zoo::sins::abort);
