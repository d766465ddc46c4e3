"""What pages are made of: markup, style, charts and tables, without scripts or anything from elsewhere."""
