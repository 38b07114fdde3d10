"""The door for access points: a check-in service with no Django and no MySQL."""
