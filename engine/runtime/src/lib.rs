//! The loop of Convene: partitions, batches, commit, effects; ports as traits.
