"""What a run leaves: the report on its data, predictions, its record, the model card, figures, and a push to the Hub."""
