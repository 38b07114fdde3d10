"""What an instance does for itself beside the product: its start, its end, its logs and its figures."""
