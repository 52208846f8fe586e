"""Models of repeat buying: what customers who have not said goodbye may still be expected to buy."""
