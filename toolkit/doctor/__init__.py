"""The checks of `invoke doctor`, and the fixes that it suggests."""
