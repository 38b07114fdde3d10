cidr_block         = "10.48.0.0/16"
availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]

# One in every zone: a lost zone takes no other zone's way out with it.
nat_gateways = 3

flow_log_days = 30
