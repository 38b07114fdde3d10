# What an apply would make, asked of the plan alone, without any AWS.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_ssm_parameters_by_path" {
    defaults = { names = [], values = [] }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "arn:aws:sns:eu-central-1:123456789012:one,two" }
  }
}

override_data {
  target = data.aws_ssm_parameter.told["data/outpost_secret_arn"]
  values = { insecure_value = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:aerie/staging/outpost-abc" }
}

override_data {
  target = data.aws_ssm_parameter.told["network/outpost_ports"]
  values = { insecure_value = "15002" }
}

# Known in a plan already, so that policies are texts.
override_resource {
  target          = aws_cloudwatch_log_group.outpost
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:outpost" }
}

variables {
  environment   = "staging"
  region        = "eu-central-1"
  domain        = "staging.aerie.example"
  first_image   = "ami-0123456789abcdef0"
  instance_type = "t4g.small"
  size          = { min = 2, max = 6 }
}

run "door" {
  command = plan

  assert {
    condition     = { for name, listener in aws_lb_listener.outpost : name => "${listener.protocol}/${listener.port}" } == { outpost = "TCP/15002" }
    error_message = "TCP on 15002 and nothing else: TLS ends in the outpost."
  }
  assert {
    condition     = aws_lb_target_group.outpost["outpost"].preserve_client_ip == "true" && aws_lb.outpost.enable_cross_zone_load_balancing
    error_message = "Outposts see who connects, from every zone."
  }
  assert {
    condition     = one(aws_lb_target_group.outpost["outpost"].health_check).port == "15003" && one(aws_lb_target_group.outpost["outpost"].health_check).path == "/readyz"
    error_message = "The balancer asks the admin port."
  }
  assert {
    condition     = !aws_lb_target_group.outpost["outpost"].connection_termination
    error_message = "The balancer cuts nobody whom a draining outpost still holds."
  }
  assert {
    condition     = one(aws_lb_target_group.outpost["outpost"].target_health_state).enable_unhealthy_connection_termination == false
    error_message = "Nor whom one holds that has turned red to drain."
  }
}

run "door_on_443" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.told["network/outpost_ports"]
    values = { insecure_value = "15002,443" }
  }

  assert {
    condition     = toset([for listener in aws_lb_listener.outpost : listener.port]) == toset([443, 15002])
    error_message = "443 besides 15002."
  }
}

run "rights" {
  command = plan

  assert {
    condition     = [for one in jsondecode(module.fleet.policy).Statement : one.Resource if one.Sid == "ReadOwnSecret"][0] == ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:aerie/staging/outpost-abc"]
    error_message = "An outpost reads its own secret and not the console's."
  }
  assert {
    condition     = !strcontains(module.fleet.policy, "s3:") && !strcontains(module.fleet.policy, "rds")
    error_message = "An outpost has no business with files or databases."
  }
  assert {
    condition     = strcontains(module.fleet.policy, "parameter/aerie/staging/roles/outpost/") && !strcontains(module.fleet.policy, "roles/console")
    error_message = "It reads the variables of its role."
  }
}

run "alarms" {
  command = plan

  assert {
    condition = toset([
      module.outpost_connections.name, module.outpost_disconnects.name, module.unhealthy_instances.name,
      module.watchdog_restarts.name, module.certificate_expiry.name,
      ]) == toset([
      for what in ["outpost-connections", "outpost-disconnects", "unhealthy-instances-outpost", "watchdog-restarts-outpost", "certificate-expiry-outpost"] :
      "aerie-staging-${what}"
    ])
    error_message = "Each alarm is there, named like its runbook."
  }
}

run "group" {
  command = plan

  assert {
    condition     = output.group == "aerie-staging-outpost"
    error_message = "The group is named by the contract."
  }
  assert {
    condition     = output.rollback_alarms == ["aerie-staging-outpost-disconnects", "aerie-staging-unhealthy-instances-outpost", "aerie-staging-watchdog-restarts-outpost"]
    error_message = "What a release can break stops a deploy."
  }
}

run "open_to_everybody_is_refused" {
  command = plan

  variables {
    device_auth = "open"
  }

  expect_failures = [var.device_auth]
}
