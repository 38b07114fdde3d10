"""Mails: each a task promised in the transaction of its cause, rendered when sent, sent once in effect."""
