"""``make demo``: the whole product on one machine, on embedded parts, in ``./var/demo``."""
