# Everything somebody is told of, on one page. Thresholds and their reasons are in alarm_variables.tf; what to do is in
# docs/runbooks/<what>.md. The outposts' own are in terraform/outpost/alarms.tf, the budget in telling.tf.
# Every console tells the same of queues, schedulers and backups: of those figures the worst counts.

locals {
  of_environment = { Environment = var.environment }
  of_balancer    = { LoadBalancer = aws_lb.console.arn_suffix }
  of_targets     = merge(local.of_balancer, { TargetGroup = aws_lb_target_group.console.arn_suffix })
  of_database    = { DBClusterIdentifier = local.data.database_cluster_id }
  redis_members  = split(",", local.data.redis_member_ids)
  roles          = sort(keys(var.fleets))
}

module "queue_age" {
  source = "../modules/alarm"

  what        = "queue-age"
  description = "The oldest task of a queue has waited longer than people may (1 is the limit of its queue)."
  metrics = {
    for queue in keys(var.queue_age_limits) : queue => {
      name       = "QueueAgeSeconds"
      dimensions = merge(local.of_environment, { Queue = queue })
      stat       = "Maximum"
    }
  }
  expression = "MAX([${join(", ", [for queue, limit in var.queue_age_limits : "${queue} / ${limit}"])}])"
  threshold  = 1
  periods    = 5
  breaching  = 3
  missing    = "notBreaching" # silence is scheduler-silent's

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "failed_jobs" {
  source = "../modules/alarm"

  what        = "failed-jobs"
  description = "Tasks were given up after all their attempts."
  metrics     = { dead = { name = "TasksDead", dimensions = local.of_environment, stat = "Maximum" } }
  threshold   = var.dead_tasks_limit
  periods     = 5
  missing     = "notBreaching" # silence is scheduler-silent's

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "console_errors" {
  source = "../modules/alarm"

  what        = "console-errors"
  description = "The console, or its balancer, answers too many requests with 5xx."
  metrics = {
    ours      = { namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count", dimensions = local.of_balancer, stat = "Sum" }
    balancers = { namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_5XX_Count", dimensions = local.of_balancer, stat = "Sum" }
    reached   = { namespace = "AWS/ApplicationELB", name = "RequestCount", dimensions = local.of_balancer, stat = "Sum" }
  }
  # What reached no console is not among the requests; the last FILL keeps a quiet minute from dividing by nothing.
  expression = "IF(FILL(ours, 0) + FILL(balancers, 0) >= 5, 100 * (FILL(ours, 0) + FILL(balancers, 0)) / (FILL(reached, 0) + FILL(balancers, 0)), 0)"
  threshold  = var.console_errors_limit
  periods    = 3
  breaching  = 2
  missing    = "notBreaching" # nobody asked

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "console_latency" {
  source = "../modules/alarm"

  what        = "console-latency"
  description = "One page in twenty takes longer than people call fast."
  metrics = {
    slowest = { namespace = "AWS/ApplicationELB", name = "TargetResponseTime", dimensions = local.of_balancer, stat = "p95" }
    reached = { namespace = "AWS/ApplicationELB", name = "RequestCount", dimensions = local.of_balancer, stat = "Sum" }
  }
  expression = "IF(reached >= 20, slowest, 0)" # of fewer, one slow one is the twentieth
  threshold  = var.console_latency_limit
  periods    = 5
  breaching  = 3
  missing    = "notBreaching" # nobody asked

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "unhealthy_instances" {
  source = "../modules/alarm"

  what        = "unhealthy-instances"
  description = "A console does not answer its balancer, or there is none (then the figure is 100 and more)."
  metrics = {
    sick = { namespace = "AWS/ApplicationELB", name = "UnHealthyHostCount", dimensions = local.of_targets, stat = "Maximum" }
    well = { namespace = "AWS/ApplicationELB", name = "HealthyHostCount", dimensions = local.of_targets, stat = "Maximum" }
  }
  expression = "FILL(sick, 0) + IF(FILL(well, 0) < 1, 100, 0)"
  comparison = "GreaterThanOrEqualToThreshold"
  threshold  = 1
  periods    = 5 # a new one starts, a draining one is red, each for less
  missing    = "breaching"

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "watchdog_restarts" {
  source = "../modules/alarm"

  what        = "watchdog-restarts"
  description = "A process answered nothing for a minute and was started anew."
  metrics = merge(
    { for role in local.roles : role => { name = "WatchdogRestarts", dimensions = merge(local.of_environment, { Role = role }), stat = "Sum" } },
    { for role in local.roles : "${role}_log" => { namespace = local.counted, name = "${title(role)}WatchdogTimeouts", dimensions = {}, stat = "Sum" } },
  )
  # The instance's own count, or systemd's line in the log: an instance that hangs may manage only one.
  expression = "MAX([${join(", ", [for role in local.roles : "FILL(${role}, 0), FILL(${role}_log, 0)"])}])"
  comparison = "GreaterThanOrEqualToThreshold"
  threshold  = 1
  periods    = 1
  missing    = "notBreaching" # most of the time there is nothing to count

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "scheduler_silent" {
  source = "../modules/alarm"

  what        = "scheduler-silent"
  description = "No scheduler has ticked: nothing periodic happens, lost tasks are not found."
  metrics     = { age = { name = "SchedulerTickAgeSeconds", dimensions = local.of_environment, stat = "Maximum" } }
  threshold   = var.scheduler_silence_limit
  periods     = 3
  missing     = "breaching" # that nobody tells is just what it would look like

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "backup_missing" {
  source = "../modules/alarm"

  what        = "backup-missing"
  description = "The newest backup of the database is too old, or there is none."
  metrics     = { age = { name = "BackupAgeHours", dimensions = local.of_environment, stat = "Maximum", period = 900 } }
  threshold   = var.backup_age_limit
  periods     = 4
  missing     = "breaching" # a backup nobody knows of is none

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "replica_lag" {
  source = "../modules/alarm"

  what        = "replica-lag"
  description = "The database's reader is behind its writer: the writer carries both."
  metrics = {
    ours    = { name = "ReplicaLagSeconds", dimensions = local.of_environment, stat = "Maximum" }
    auroras = { namespace = "AWS/RDS", name = "AuroraReplicaLagMaximum", dimensions = local.of_database, stat = "Maximum" }
  }
  expression = "MAX([FILL(ours, 0), FILL(auroras, 0) / 1000])"
  threshold  = var.replica_lag_limit
  periods    = 5
  missing    = "notBreaching" # without a reader there is nothing to be behind

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "database_connections" {
  source = "../modules/alarm"

  what        = "database-connections"
  description = "The database's writer runs out of connections."
  metrics     = { open = { namespace = "AWS/RDS", name = "DatabaseConnections", dimensions = merge(local.of_database, { Role = "WRITER" }), stat = "Maximum" } }
  threshold   = var.database_connections_limit
  periods     = 3
  missing     = "notBreaching" # a writer that is away is told of by readyz, and so by unhealthy-instances

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "database_cpu" {
  source = "../modules/alarm"

  what        = "database-cpu"
  description = "The database has been busy for a quarter of an hour."
  metrics     = { busy = { namespace = "AWS/RDS", name = "CPUUtilization", dimensions = local.of_database, stat = "Maximum", period = 300 } }
  threshold   = var.database_cpu_limit
  periods     = 3
  missing     = "notBreaching" # as above

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "redis_memory" {
  source = "../modules/alarm"

  what        = "redis-memory"
  description = "Redis fills up: at its limit it refuses writes."
  metrics = {
    for position, member in local.redis_members : "m${position}" => {
      namespace  = "AWS/ElastiCache"
      name       = "DatabaseMemoryUsagePercentage"
      dimensions = { CacheClusterId = member }
      stat       = "Maximum"
    }
  }
  expression = "MAX([${join(", ", [for position, member in local.redis_members : "m${position}"])}])"
  threshold  = var.redis_memory_limit
  periods    = 5
  missing    = "notBreaching" # Redis being away is told of by queue-age and scheduler-silent

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}

module "certificate_expiry" {
  source = "../modules/alarm"

  what        = "certificate-expiry"
  description = "The console's certificate was not renewed."
  metrics     = { left = { namespace = "AWS/CertificateManager", name = "DaysToExpiry", dimensions = { CertificateArn = local.certificate_arn }, stat = "Minimum", period = 86400 } }
  comparison  = "LessThanThreshold"
  threshold   = var.certificate_days_limit
  periods     = 1
  missing     = "notBreaching" # ACM tells twice a day, from some time after it is made

  environment = var.environment
  topic_arn   = aws_sns_topic.alarms.arn
}
