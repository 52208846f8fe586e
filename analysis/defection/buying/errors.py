"""How the models of repeat buying say that they cannot answer."""


class TooThin(ValueError):
    """There is too little to learn a model from; the message says what is missing and how much is needed."""


class NotFitted(ValueError):
    """A model was asked before it was fitted, or no trustworthy fit exists; the message says what to do."""
