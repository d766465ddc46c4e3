"""From the folders of finished cells to everything that a report says."""
