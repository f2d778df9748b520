"""What people read of money: budgets, what is left of them, and what was spent."""
