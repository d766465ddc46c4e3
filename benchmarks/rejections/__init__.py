"""Error rates of comparisons by simulation: a fixed number of seeds (`python -m benchmarks.rejections`), seeds until the heads are
decided (`.sequential`, `.several` for three heads, `.spending` for the rules that were tried), after tuning (`.tuned`), over data sets (`.across`).
"""
