"""Benchmarks: what Aerie costs, beside a peer or a floor of the same run. ``make bench`` runs them."""
