//! Crashes when the process that has it open ends, as a C++ global whose destructor does.

protea_zoo::animal! { "crash-at-exit", "crashes when its process ends" }

protea_zoo::at_exit!(protea_zoo::sins::crash);
