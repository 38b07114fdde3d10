# What somebody is told about outposts. The rest is in terraform/app/alarms.tf; what to do is in docs/runbooks/<what>.md.

locals {
  of_environment = { Environment = var.environment }
  of_balancer    = { LoadBalancer = aws_lb.outpost.arn_suffix }
  of_targets     = merge(local.of_balancer, { TargetGroup = aws_lb_target_group.outpost["outpost"].arn_suffix })
}

module "outpost_connections" {
  source = "../modules/alarm"

  what        = "outpost-connections"
  description = "The fullest outpost is nearly full: scaling has not kept up. Or no outpost tells: scaling is blind."
  metrics     = { held = { name = "OutpostConnections", dimensions = local.of_environment, stat = "Maximum" } }
  threshold   = var.connections_limit
  periods     = 5
  missing     = "breaching" # target tracking does nothing without figures

  environment = var.environment
  topic_arn   = local.app.alarm_topic_arn
}

module "outpost_disconnects" {
  source = "../modules/alarm"

  what        = "outpost-disconnects"
  description = "Access points were lost, in percent of all within five minutes."
  # The balancer's count is of all together, wherever they moved to.
  metrics = {
    open = { namespace = "AWS/NetworkELB", name = "ActiveFlowCount", dimensions = local.of_balancer, stat = "Average", period = 300 }
  }
  expression = "IF(open - DIFF(open) >= 100, -100 * DIFF(open) / (open - DIFF(open)), 0)" # of fewer, ten are a school going to bed
  threshold  = var.disconnects_limit
  periods    = 1
  missing    = "notBreaching" # nobody was there to be lost

  environment = var.environment
  topic_arn   = local.app.alarm_topic_arn
}

module "unhealthy_instances" {
  source = "../modules/alarm"

  what        = "unhealthy-instances"
  part        = "outpost"
  description = "An outpost does not answer its balancer, or there is none (then the figure is 100 and more)."
  metrics = {
    sick = { namespace = "AWS/NetworkELB", name = "UnHealthyHostCount", dimensions = local.of_targets, stat = "Maximum" }
    well = { namespace = "AWS/NetworkELB", name = "HealthyHostCount", dimensions = local.of_targets, stat = "Maximum" }
  }
  expression = "FILL(sick, 0) + IF(FILL(well, 0) < 1, 100, 0)"
  comparison = "GreaterThanOrEqualToThreshold"
  threshold  = 1
  periods    = 5 # a draining one is red until it is deregistered
  missing    = "breaching"

  environment = var.environment
  topic_arn   = local.app.alarm_topic_arn
}

module "watchdog_restarts" {
  source = "../modules/alarm"

  what        = "watchdog-restarts"
  part        = "outpost"
  description = "An outpost answered nothing for a minute and was started anew."
  metrics = {
    ours   = { name = "WatchdogRestarts", dimensions = merge(local.of_environment, { Role = "outpost" }), stat = "Sum" }
    logged = { namespace = local.counted, name = "OutpostWatchdogTimeouts", dimensions = {}, stat = "Sum" }
  }
  expression = "MAX([FILL(ours, 0), FILL(logged, 0)])"
  comparison = "GreaterThanOrEqualToThreshold"
  threshold  = 1
  periods    = 1
  missing    = "notBreaching" # most of the time there is nothing to count

  environment = var.environment
  topic_arn   = local.app.alarm_topic_arn
}

module "certificate_expiry" {
  source = "../modules/alarm"

  what        = "certificate-expiry"
  part        = "outpost"
  description = "The certificate outposts show to access points ends soon: then none of them connects any more."
  metrics     = { left = { name = "CertificateDaysLeft", dimensions = local.of_environment, stat = "Minimum", period = 3600 } }
  comparison  = "LessThanThreshold"
  threshold   = var.certificate_days_limit
  periods     = 3
  missing     = "breaching" # nobody else would ever tell of it

  environment = var.environment
  topic_arn   = local.app.alarm_topic_arn
}
