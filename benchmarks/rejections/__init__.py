"""Error rates of comparisons by simulation.

`python -m benchmarks.rejections` has a fixed number of seeds, `.sequential` seeds until the heads are decided (`.several` for
three heads, `.spending` for the rules that were tried), `.tuned` trials before, `.across` several data sets.
"""
