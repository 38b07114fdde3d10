database_capacity    = { least = 0.5, most = 2 }
database_backup_days = 7
deletion_protection  = false # staging may be thrown away and made anew

redis_node_type = "cache.t4g.micro"

files_signing_key = "first"
