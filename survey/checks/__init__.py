"""What must hold for this installation to work: each check looks at one thing and says what it found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one check found: `ok`, `warning` or `fail`; for the last two also what to do."""

    name: str
    level: str
    sentence: str
    advice: str = ""
