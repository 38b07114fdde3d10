"""The monthly report of an organisation: what is counted, how it reads as CSV and as PDF."""
