"""Whether money spent against a reason of leaving could pay back, goes to a true cause, and did what it was meant to.

`checking` puts the parts together; each part can be used by itself. Everything is deterministic, draws have a seed.
"""
