"""What a customer is worth, and what was lost: cards a person can hold, and totals."""
