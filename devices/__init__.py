"""WHAT the customer wants of each place's Wi-Fi, and what its access points report."""
