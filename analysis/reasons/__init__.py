"""Why they left, read from their own words: reading, scoring, explaining, learning."""
