# Queues and the live store: a primary and a replica that takes over, in two zones. Valkey, a fifth cheaper than
# Redis and the same to its clients. All of it can be lost and is rebuilt from MySQL.

resource "aws_elasticache_subnet_group" "this" {
  name        = "${local.name}-redis"
  description = "The data subnets of ${var.environment}"
  subnet_ids  = local.subnets
}

resource "aws_elasticache_parameter_group" "this" {
  name        = "${local.name}-redis"
  description = "Redis of Aerie"
  family      = "valkey8"

  # A full Redis refuses what is new, in words; it does not forget a job.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_cloudwatch_log_group" "redis" {
  #checkov:skip=CKV_AWS_338:Commands hold names of customers' things; a month is enough to find out why they were slow.
  name              = "/${local.name}/redis/slow-log"
  retention_in_days = 30
  kms_key_id        = local.network.logs_key_arn
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = "${local.name}-redis"
  description          = "Queues and the live store of ${var.environment}"
  engine               = "valkey"
  engine_version       = "8.0"
  node_type            = var.redis_node_type
  parameter_group_name = aws_elasticache_parameter_group.this.name
  port                 = 6379

  num_cache_clusters          = 2
  preferred_cache_cluster_azs = slice(local.zones, 0, 2)
  automatic_failover_enabled  = true
  multi_az_enabled            = true

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [local.network.redis_security_group_id]

  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.data.arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  # The one secret that this state knows: the provider has no write-only argument for it. Nobody but what carries
  # the security groups of network/ reaches the port.
  auth_token                 = var.redis_token
  auth_token_update_strategy = "ROTATE"

  maintenance_window         = "sun:04:00-sun:05:00"
  snapshot_window            = "02:00-03:00"
  snapshot_retention_limit   = 1
  auto_minor_version_upgrade = true

  log_delivery_configuration {
    destination      = aws_cloudwatch_log_group.redis.name
    destination_type = "cloudwatch-logs"
    log_format       = "json"
    log_type         = "slow-log"
  }
}
