"""Heads compared: cells, statistics, report."""
