# Logs of instances, by role; Session Manager's; and what is counted in them.

resource "aws_cloudwatch_log_group" "role" {
  for_each = var.fleets

  name              = "/aerie/${var.environment}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = local.network.logs_key_arn
}

# Every key pressed by whoever visits an instance.
resource "aws_cloudwatch_log_group" "sessions" {
  name              = "/aerie/${var.environment}/sessions"
  retention_in_days = var.log_days
  kms_key_id        = local.network.logs_key_arn
}

locals {
  # Filters cannot put a constant dimension on a metric, so the environment is in the namespace.
  counted = "Aerie/${var.environment}"

  patterns = {
    ErrorLines       = "{ ($.level = \"error\") || ($.level = \"critical\") }"
    WatchdogTimeouts = "\"Watchdog timeout\"" # systemd's own words
  }
  filters = { for pair in setproduct(keys(var.fleets), keys(local.patterns)) : "${pair[0]}-${pair[1]}" => { role = pair[0], metric = pair[1] } }
}

resource "aws_cloudwatch_log_metric_filter" "count" {
  for_each = local.filters

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.role[each.value.role].name
  pattern        = local.patterns[each.value.metric]

  metric_transformation {
    namespace     = local.counted
    name          = "${title(each.value.role)}${each.value.metric}"
    value         = "1"
    default_value = "0"
  }
}
