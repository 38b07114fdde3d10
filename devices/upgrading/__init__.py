"""Rollouts on real rows: what ``devices.rollouts`` decided, done, in transactions that may run again."""
