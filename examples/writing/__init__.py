"""The phrase banks and the small grammar from which `examples/generate.py` writes its texts."""
