"""Pretend access points: what an OpenWiFi access point does on the wire, and nothing a console knows.

Read in this order:

* `hardware`       the models it can be, with their radios
* `configuration`  what an access point makes of a uCentral configuration
* `memory`         what survives its reboot: the highest number it ever stored wins
* `device`         message in, actions out; no sockets, no clock of its own
* `commands`       what each command of the cloud does to a device
* `image`          what a firmware image says of itself
* `clients`        the people on its Wi-Fi, coming and going
* `states`         the `state` message
* `frames`         JSON and compress_64
* `link`           one device's WebSocket: dial, ping, reconnect
* `fleet`          many links, ramp-up, alarms, figures
* `arguments`      the command line

Nothing here imports the outpost, the models or the rendering, so that a mistake made there
cannot cancel itself out here.
"""
