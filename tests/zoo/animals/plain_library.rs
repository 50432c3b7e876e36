//! A shared library that is no runner, and crashes whoever loads it.

protea_zoo::at_load!(protea_zoo::sins::crash);
