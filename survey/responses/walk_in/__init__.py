"""Answers of people we do not know, given at a branch: by the QR code or short address on a card that stands there.

They are counted apart (`counting`): in no share, no rate and no funnel, and no model reads them.
"""
