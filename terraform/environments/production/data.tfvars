database_capacity    = { least = 1, most = 16 }
database_backup_days = 35
deletion_protection  = true

# About 950 bytes for each access point, and what is queued: 3 GiB are enough for a million.
redis_node_type = "cache.t4g.medium"

files_signing_key = "first"
