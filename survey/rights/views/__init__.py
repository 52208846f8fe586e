"""The pages of what people may ask of us."""
