"""How predictions are scored: pure functions, the same as sums over rows, and the metric objects that tasks and benchmarks name."""
