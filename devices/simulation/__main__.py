"""`python -m devices.simulation`: the fleet without Django."""

import sys

from devices.simulation.play import main

sys.exit(main())
