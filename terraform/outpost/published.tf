# What instances and deploys are told.

locals {
  # What a new release can break within minutes; not the certificate, which going back would not mend.
  rollback_alarms = [
    module.outpost_disconnects.name, module.unhealthy_instances.name, module.watchdog_restarts.name,
  ]
}

module "published" {
  source = "../modules/parameters"

  path = "${local.path}/outpost"
  values = {
    balancer_dns_name   = aws_lb.outpost.dns_name
    balancer_arn_suffix = aws_lb.outpost.arn_suffix
    host_name           = aws_route53_record.outpost.name
    target_group_arn    = aws_lb_target_group.outpost["outpost"].arn
  }
  lists = {
    groups            = [module.fleet.name]
    target_group_arns = [for group in aws_lb_target_group.outpost : group.arn]
    rollback_alarms   = local.rollback_alarms
  }
}

module "role_environment" {
  source = "../modules/parameters"

  path = "${local.path}/roles/outpost"
  # Its unit knows addresses and cores. It listens on for a minute after it turned red, for that is how long a network
  # balancer may go on sending newcomers. A full one lets go of 125 a second: a tenth of the handshakes that one other
  # can do.
  values = merge(
    { OUTPOST_DEVICE_AUTH = var.device_auth, DRAIN_SECONDS = "60", OUTPOST_DRAIN_SECONDS = "120" },
    var.settings,
  )
}

output "host_name" {
  description = "Where access points connect, port 15002."
  value       = aws_route53_record.outpost.name
}

output "group" {
  value = module.fleet.name
}

output "rollback_alarms" {
  description = "On any of these a deploy stops and goes back."
  value       = local.rollback_alarms
}
