"""A made-up garage chain to show Whyleft with, and to hold it against a planted truth."""
