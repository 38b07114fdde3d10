# The instances that hold access points' connections. They know Redis and one secret; no MySQL, no bucket.

module "fleet" {
  source = "../modules/fleet"

  environment  = var.environment
  region       = var.region
  role         = "outpost"
  image        = local.image
  release      = local.version
  endpoint_url = var.local_endpoint

  instance_type       = var.instance_type # never spot: an interruption gives two minutes to move 15,000 connections
  detailed_monitoring = var.detailed_monitoring

  subnet_ids         = split(",", local.network.private_subnet_ids)
  security_group_ids = [local.network.outpost_security_group_id]
  target_group_arns  = [for group in aws_lb_target_group.outpost : group.arn]

  size      = var.size
  floors    = var.floors
  time_zone = var.time_zone

  # Out whenever it is needed; in by night, one at a time, and so late that those left are still below the target:
  # of N at half of it, N - 1 hold N / (N - 1) halves.
  tracking = {
    connections = {
      target     = var.connections_per_instance
      metric     = "OutpostConnections" # each instance tells its own, so the average is that of an instance
      dimensions = { Environment = var.environment }
      only_out   = true
    }
  }
  slow_scale_in = {
    metric   = "OutpostConnections"
    below    = floor(var.connections_per_instance * 0.45)
    minutes  = 30
    from_utc = var.quiet_hours_utc.from
    to_utc   = var.quiet_hours_utc.to
  }
  termination_policies = ["OldestLaunchTemplate", "NewestInstance"] # the newest holds the fewest

  # Everybody closed at once would come back at once: ten minutes to let go gradually.
  drain_seconds = 600
  warm_up       = 180

  secret_arn         = local.data.outpost_secret_arn
  secret_key_arn     = local.data.key_arn
  log_group_arns     = [aws_cloudwatch_log_group.outpost.arn, local.app.sessions_log_group_arn]
  operations_key_arn = local.app.operations_key_arn
}

resource "aws_cloudwatch_log_group" "outpost" {
  name              = "/aerie/${var.environment}/outpost"
  retention_in_days = var.log_days
  kms_key_id        = local.network.logs_key_arn
}

locals {
  counted  = "Aerie/${var.environment}" # filters cannot put a constant dimension on a metric
  patterns = { ErrorLines = "{ ($.level = \"error\") || ($.level = \"critical\") }", WatchdogTimeouts = "\"Watchdog timeout\"" }
}

resource "aws_cloudwatch_log_metric_filter" "count" {
  for_each = local.patterns

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.outpost.name
  pattern        = each.value

  metric_transformation {
    namespace     = local.counted
    name          = "Outpost${each.key}"
    value         = "1"
    default_value = "0"
  }
}
