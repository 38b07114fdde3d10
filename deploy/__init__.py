"""What ops run: a release from the checks to the last replaced instance, and the way back."""
