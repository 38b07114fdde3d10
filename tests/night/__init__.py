"""A night of a firmware rollout, rehearsed: real processes, a compressed clock, and somebody who kills them.

* `clock`     the time that rollouts go by: a file that is rewritten, and what it showed when
* `stack`     the whole product, everything that may be lost twice
* `cast`      networks in two zones, their access points, an image and the rollout (runs inside Django)
* `fleet`     the access points in processes of their own; writes down every flash
* `books`     what MySQL says, read from outside
* `director`  moves the clock on whenever nothing more can happen until then
* `chaos`     kill -9, at random, from a seed
* `rehearsal` all of it together
"""
