# What instances, deploys and the next state are told.

locals {
  alarms = {
    queue_age            = module.queue_age
    failed_jobs          = module.failed_jobs
    console_errors       = module.console_errors
    console_latency      = module.console_latency
    unhealthy_instances  = module.unhealthy_instances
    watchdog_restarts    = module.watchdog_restarts
    scheduler_silent     = module.scheduler_silent
    backup_missing       = module.backup_missing
    replica_lag          = module.replica_lag
    database_connections = module.database_connections
    database_cpu         = module.database_cpu
    redis_memory         = module.redis_memory
    certificate_expiry   = module.certificate_expiry
  }
  alarm_arns = [for alarm in values(local.alarms) : alarm.arn]

  # What a new release can break within minutes. Not a lagging replica or an old certificate: going back would mend
  # neither, and would stop the release that does.
  rollback_alarms = [
    for name in ["console_errors", "console_latency", "unhealthy_instances", "watchdog_restarts", "scheduler_silent", "failed_jobs"] :
    local.alarms[name].name
  ]

  url = "https://${var.domain}"
}

module "published" {
  source = "../modules/parameters"

  path = "${local.path}/app"
  values = {
    balancer_dns_name        = aws_lb.console.dns_name
    balancer_arn_suffix      = aws_lb.console.arn_suffix
    console_target_group_arn = aws_lb_target_group.console.arn
    console_url              = local.url
    alarm_topic_arn          = aws_sns_topic.alarms.arn
    operations_key_arn       = aws_kms_key.operations.arn
    session_document         = aws_ssm_document.session.name
    manage_document          = aws_ssm_document.manage.name
    sessions_log_group_arn   = aws_cloudwatch_log_group.sessions.arn
  }
  lists = {
    groups          = [for role in local.roles : module.fleet[role].name]
    rollback_alarms = local.rollback_alarms
  }
}

# For every role.
module "environment" {
  source = "../modules/parameters"

  path = "${local.path}/environment"
  values = merge(
    {
      AERIE_ENV           = "production" # staging is as strict; DATABASE_URL and all that make the difference are secrets
      SENTRY_ENVIRONMENT  = var.environment
      ALLOWED_HOSTS       = var.domain
      CONSOLE_PUBLIC_URL  = local.url
      OUTPOST_PUBLIC_URL  = var.outpost_public_url != null ? var.outpost_public_url : "wss://outpost.${var.domain}:15002"
      TRUSTED_PROXIES     = "1" # the balancer
      SECURE_SSL_REDIRECT = "true"
      DEFAULT_FROM_EMAIL  = "Aerie <aerie@${var.domain}>"
      OPERATORS_EMAIL     = join(",", var.operators)
    },
    var.settings,
  )
}

module "role_environment" {
  source   = "../modules/parameters"
  for_each = var.role_settings

  path   = "${local.path}/roles/${each.key}"
  values = each.value
}

output "console_url" {
  value = local.url
}

output "groups" {
  description = "Auto-scaling groups, and launch templates of the same names, by role."
  value       = { for role, fleet in module.fleet : role => fleet.name }
}

output "rollback_alarms" {
  description = "On any of these a deploy stops and goes back."
  value       = local.rollback_alarms
}

output "deployer_role_arn" {
  value = one(aws_iam_role.deployer[*].arn)
}
