"""What a comparison shows its readers: JSON, Markdown, and one HTML page with tables and charts."""
