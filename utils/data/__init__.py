"""From files to rows: tables, tagged sentences, questions; and which rows train, which validate, which are predicted."""
