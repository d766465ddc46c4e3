"""Is one head better than another? The statistics of a comparison."""
