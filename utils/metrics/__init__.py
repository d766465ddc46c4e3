"""How predictions are scored: pure functions, the same as sums over rows, and the metric objects of tasks and benchmarks."""
