"""The pages of answers at branches: the form that anybody may fill in, and those of who sees to it."""
