# t4g.small, 2 GiB: a console's two processes take 400 MB, a worker's five 600 MB. t4g.micro's 1 GiB would do until the
# first report. Its CPU credits (unlimited) carry a deploy's start, which is most of staging's load.
# Spot where an interruption costs two minutes' drain: everything but the first console.
fleets = {
  console = {
    instance_type       = "t4g.small"
    size                = { min = 1, max = 4 }
    floors              = { day = { at = "0 7 * * MON-FRI", min = 2 } } # two by day, so that what a rolling deploy does is seen
    spot                = { on_demand_base = 1, on_demand_percent = 0, instance_types = ["t4g.small", "t4g.medium", "c7g.medium", "m7g.medium"] }
    detailed_monitoring = false
  }
  worker = {
    instance_type       = "t4g.small"
    size                = { min = 1, max = 3 }
    spot                = { on_demand_base = 0, on_demand_percent = 0, instance_types = ["t4g.small", "t4g.medium", "c7g.medium", "m7g.medium"] }
    detailed_monitoring = false
  }
  utility = {
    instance_type       = "t4g.small"
    size                = { min = 1, max = 2 }
    spot                = { on_demand_base = 0, on_demand_percent = 0, instance_types = ["t4g.small", "t4g.medium", "c7g.medium", "m7g.medium"] }
    detailed_monitoring = false
  }
}

# Staff see where a request spends its time, with ?profile=1 in its address.
settings = { PROFILE_REQUESTS = "yes" }

deletion_protection = false
web_firewall        = false
log_days            = 30

operators = ["staging@aerie.example"]
budget    = 250
