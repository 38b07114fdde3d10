# t4g.medium would hold twice as many and be lost twice as loudly: 2 GiB hold 25,000 with mutual TLS, three of them
# 45,000 at the target, and any two all of those. Two cores accept 1,300 handshakes a second, so that 15,000 are back
# within seconds; CPU credits (unlimited) pay for such a storm.
instance_type            = "t4g.small"
size                     = { min = 3, max = 20 }
connections_per_instance = 15000
log_days                 = 365
