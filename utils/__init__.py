"""All that surrounds training: arguments, readers, features, metrics, reports. Imports `heads`, never a script."""
