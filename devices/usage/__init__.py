"""How much the Wi-Fi is used: counted from what access points report, rolled up, read for charts."""
