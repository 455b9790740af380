//! End-to-end tests on real servers, the architecture tests and the benchmark.
