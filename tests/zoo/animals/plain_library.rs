//! A shared library that is not a runner, and crashes the process that loads it.

protea_zoo::at_load!(protea_zoo::sins::crash);
