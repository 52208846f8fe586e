"""How asking goes: who was invited, reached, began, and answered; one definition behind every number."""
