# t4g.small, 2 GiB: staging holds a few hundred access points, and one pretend fleet at a time.
instance_type            = "t4g.small"
size                     = { min = 1, max = 3 }
connections_per_instance = 15000
detailed_monitoring      = false
deletion_protection      = false
log_days                 = 30
