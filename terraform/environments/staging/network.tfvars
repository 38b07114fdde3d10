cidr_block         = "10.32.0.0/16"
availability_zones = ["eu-central-1a", "eu-central-1b"]

# One address less to allow-list, and one NAT gateway less to pay: without its zone, staging cannot reach out.
nat_gateways = 1

flow_log_days = 7
