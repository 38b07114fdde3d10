database_capacity    = { least = 1, most = 16 }
database_backup_days = 35
deletion_protection  = true

# 6 kB for each access point, and what is queued: 3 GiB, 60 % full, hold 300,000.
redis_node_type = "cache.t4g.medium"

files_signing_key = "first"
