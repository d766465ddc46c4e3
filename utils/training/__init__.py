"""Trainer, where this project needs more than its defaults: collation, the order of rows, checkpoints, pushes."""
