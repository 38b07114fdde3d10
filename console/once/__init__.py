"""Whoever sends something once has it done once: also when a server fails, or it is sent again.

``middleware`` runs a whole request again when MySQL lost it; ``keys`` tells when two requests are
the same; ``answers`` lets the second have the first one's answer; ``patience`` bounds the waiting.
"""
