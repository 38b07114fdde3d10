# t4g.small, 2 GiB, two cores: a console's two processes of eight threads take 400 MB and answer some 100 requests a
# second; a worker's processes 600 MB. More of the small ones rather than few large: a lost one is then a small part.
# One in each zone is the least that survives the loss of one without anybody noticing.
fleets = {
  console = {
    instance_type = "t4g.small"
    size          = { min = 3, max = 12 }
    # People look in the morning: there before them, and less so at the weekend.
    floors = {
      morning = { at = "30 6 * * MON-FRI", min = 4 }
      weekend = { at = "30 7 * * SAT,SUN", min = 3 }
    }
  }
  worker = {
    instance_type = "t4g.small"
    size          = { min = 2, max = 8 }
    floors        = { morning = { at = "30 6 * * MON-FRI", min = 3 } }
    # Two that stay; those above them may be interrupted, tasks are handed back.
    spot = { on_demand_base = 2, on_demand_percent = 0, instance_types = ["t4g.small", "t4g.medium", "c7g.medium", "m7g.medium"] }
  }
  # A dump in flight survives no interruption: on demand.
  utility = {
    instance_type       = "t4g.small"
    size                = { min = 1, max = 3 }
    disk_size           = 20
    detailed_monitoring = false
  }
}

web_firewall = true
log_days     = 365

operators = ["operations@aerie.example"]
budget    = 1200

# Of the 2,000 that 16 capacity units have.
database_connections_limit = 1500
