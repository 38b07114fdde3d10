"""Pretend access points behave as real ones do."""
