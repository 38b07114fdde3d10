# One page: is it well, is it enough, what does it cost us in machines.

locals {
  alb    = "AWS/ApplicationELB"
  whole  = 24 # the page's width
  widget = { width = 8, height = 6 }

  # The next state's, by the names it gives them.
  outpost_alarms = [
    "outpost-connections", "outpost-disconnects", "unhealthy-instances-outpost", "watchdog-restarts-outpost",
    "certificate-expiry-outpost",
  ]
  shown_alarms = concat(local.alarm_arns, [
    for what in local.outpost_alarms : "${local.arn}:cloudwatch:${var.region}:${local.account}:alarm:${local.name}-${what}"
  ])

  charts = [
    { title = "Requests and errors a minute", stat = "Sum", metrics = [
      [local.alb, "RequestCount", "LoadBalancer", aws_lb.console.arn_suffix],
      [local.alb, "HTTPCode_Target_5XX_Count", "LoadBalancer", aws_lb.console.arn_suffix, { color = "#d62728" }],
      [local.alb, "HTTPCode_ELB_5XX_Count", "LoadBalancer", aws_lb.console.arn_suffix, { color = "#ff9896" }],
    ] },
    { title = "Seconds to answer", stat = "p95", metrics = [
      [local.alb, "TargetResponseTime", "LoadBalancer", aws_lb.console.arn_suffix],
      [local.alb, "TargetResponseTime", "LoadBalancer", aws_lb.console.arn_suffix, { stat = "p50" }],
    ] },
    { title = "Instances in service", stat = "Average", metrics = [
      for role in concat(local.roles, ["outpost"]) :
      ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", "${local.name}-${role}", { label = role }]
    ] },
    { title = "Oldest task of each queue, seconds", stat = "Maximum", metrics = [
      for queue in keys(var.queue_age_limits) : ["Aerie", "QueueAgeSeconds", "Environment", var.environment, "Queue", queue]
    ] },
    { title = "Workers at work, percent; jobs that wait for each; tasks given up", stat = "Average", metrics = [
      ["Aerie", "WorkersBusyShare", "Environment", var.environment],
      ["Aerie", "QueueLengthPerWorker", "Environment", var.environment, { yAxis = "right" }],
      ["Aerie", "TasksDead", "Environment", var.environment, { yAxis = "right", stat = "Maximum" }],
    ] },
    { title = "Access points connected to an outpost", stat = "Average", metrics = [
      ["Aerie", "OutpostConnections", "Environment", var.environment, { label = "average" }],
      ["Aerie", "OutpostConnections", "Environment", var.environment, { label = "fullest", stat = "Maximum" }],
    ] },
    { title = "Database: CPU percent, connections", stat = "Maximum", metrics = [
      ["AWS/RDS", "CPUUtilization", "DBClusterIdentifier", local.data.database_cluster_id],
      ["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", local.data.database_cluster_id, { yAxis = "right" }],
    ] },
    { title = "Replica's lag, seconds; backup's age, hours", stat = "Maximum", metrics = [
      ["Aerie", "ReplicaLagSeconds", "Environment", var.environment],
      ["Aerie", "BackupAgeHours", "Environment", var.environment, { yAxis = "right" }],
    ] },
    { title = "Redis: memory in percent", stat = "Maximum", metrics = [
      for member in local.redis_members : ["AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "CacheClusterId", member]
    ] },
    { title = "Error lines in the logs", stat = "Sum", metrics = [
      for role in local.roles : [local.counted, "${title(role)}ErrorLines", { label = role }]
    ] },
    { title = "CPU by role, percent", stat = "Average", metrics = [
      for role in concat(local.roles, ["outpost"]) :
      ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", "${local.name}-${role}", { label = role }]
    ] },
    { title = "Processes restarted by the watchdog", stat = "Sum", metrics = [
      for role in concat(local.roles, ["outpost"]) : ["Aerie", "WatchdogRestarts", "Environment", var.environment, "Role", role]
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = local.whole, height = 3
        properties = { title = "Alarms", alarms = local.shown_alarms }
      }],
      [for position, chart in local.charts : merge(local.widget, {
        type       = "metric"
        x          = position % 3 * local.widget.width
        y          = 3 + floor(position / 3) * local.widget.height
        properties = { title = chart.title, stat = chart.stat, metrics = chart.metrics, region = var.region, period = 60, view = "timeSeries" }
      })],
    )
  })
}
