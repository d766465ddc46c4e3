"""All that surrounds training. Data pass its rooms in this order: data, tasks, models, training, outputs."""
