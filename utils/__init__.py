"""All that surrounds training, in rooms that data pass in this order: data, tasks, models, training, outputs. Imports `heads`, never a script."""
