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
    defaults = { insecure_value = "arn:aws:kms:eu-central-1:123456789012:key/one,two" }
  }
}

override_data {
  target = data.aws_ssm_parameter.told["data/files_bucket"]
  values = { insecure_value = "aerie-staging-files" }
}

override_data {
  target = data.aws_ssm_parameter.told["data/app_secret_arn"]
  values = { insecure_value = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:aerie/staging/app-abc" }
}

# Known in a plan already, so that policies are texts.
override_resource {
  target          = aws_kms_key.operations
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-central-1:123456789012:key/operations" }
}

override_resource {
  target          = aws_cloudwatch_log_group.role
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:role" }
}

override_resource {
  target          = aws_cloudwatch_log_group.sessions
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:sessions" }
}

override_resource {
  target          = aws_ssm_document.manage
  override_during = plan
  values          = { arn = "arn:aws:ssm:eu-central-1:123456789012:document/aerie-staging-manage" }
}

variables {
  environment = "staging"
  region      = "eu-central-1"
  domain      = "staging.aerie.example"
  first_image = "ami-0123456789abcdef0"
  fleets = {
    console = { instance_type = "t4g.small", size = { min = 2, max = 4 }, floors = { morning = { at = "30 6 * * MON-FRI", min = 3 } } }
    worker  = { instance_type = "t4g.small", size = { min = 1, max = 3 } }
    utility = { instance_type = "t4g.small", size = { min = 1, max = 2 } }
  }
  operators = ["operations@aerie.example"]
  budget    = 100
}

run "doors" {
  command = plan

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2")
    error_message = "The console speaks TLS 1.2 or newer."
  }
  assert {
    condition     = one(one(aws_lb_listener.http.default_action).redirect).protocol == "HTTPS"
    error_message = "Port 80 sends browsers to HTTPS."
  }
  assert {
    condition     = one(aws_lb_target_group.console.health_check).path == "/readyz" && aws_lb_target_group.console.load_balancing_algorithm_type == "least_outstanding_requests"
    error_message = "The balancer asks /readyz and counts what is open."
  }
  assert {
    condition     = aws_lb.console.drop_invalid_header_fields && aws_lb.console.enable_deletion_protection && aws_lb.console.idle_timeout < 75
    error_message = "The balancer is strict, kept, and hangs up before gunicorn does."
  }
  assert {
    condition     = length(aws_wafv2_web_acl.console) == 1
    error_message = "The firewall is on unless it is said otherwise."
  }
}

run "without_a_firewall" {
  command = plan

  variables {
    web_firewall = false
  }

  assert {
    condition     = length(aws_wafv2_web_acl.console) + length(aws_wafv2_web_acl_association.console) == 0
    error_message = "Staging has none."
  }
}

run "groups" {
  command = plan

  assert {
    condition     = output.groups == { console = "aerie-staging-console", worker = "aerie-staging-worker", utility = "aerie-staging-utility" }
    error_message = "Groups are named by the contract."
  }
  assert {
    condition     = jsondecode(split("\n", module.fleet["worker"].user_data)[1]).aerie == { roles = ["worker"], environment = "staging", region = "eu-central-1", release = "0.0.0" }
    error_message = "User data says role, environment, region and release, and nothing else."
  }
  assert {
    condition     = split("\n", module.fleet["worker"].user_data)[0] == "#cloud-config"
    error_message = "User data begins as cloud-init's does."
  }
}

run "how_many" {
  command = plan

  assert {
    condition     = local.tracking.console.requests.predefined == "ALBRequestCountPerTarget" && local.tracking.console.cpu.predefined == "ASGAverageCPUUtilization"
    error_message = "Consoles follow the requests for each of them, and their CPU."
  }
  assert {
    condition     = { for name, one in local.tracking.worker : name => one.metric } == { queue = "QueueLengthPerWorker", busy = "WorkersBusyShare" }
    error_message = "Workers follow what waits for each of them, and how many are at work."
  }
  assert {
    condition     = local.tracking.utility.cpu.predefined == "ASGAverageCPUUtilization"
    error_message = "Utility instances follow their CPU."
  }
}

run "visits" {
  command = plan

  assert {
    condition     = jsondecode(aws_ssm_document.session.content).inputs.cloudWatchLogGroupName == "/aerie/staging/sessions" && jsondecode(aws_ssm_document.session.content).inputs.cloudWatchStreamingEnabled && jsondecode(aws_ssm_document.session.content).inputs.kmsKeyId == aws_kms_key.operations.arn
    error_message = "Session Manager's shells are sealed, and every line of them is kept."
  }
}

run "rights" {
  command = plan

  assert {
    condition = alltrue([
      for role, fleet in module.fleet : [for one in jsondecode(fleet.policy).Statement : one.Resource if one.Sid == "ReadOwnSecret"][0]
      == ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:aerie/staging/app-abc"]
    ])
    error_message = "Each role reads one secret, and not the outposts'."
  }
  assert {
    condition = alltrue(flatten([
      for role, fleet in module.fleet : [
        for one in jsondecode(fleet.policy).Statement : one.Resource != ["*"] || contains(["WriteMetrics", "SeeOwnPlace", "BeVisited", "FindSessionLogs"], one.Sid)
      ]
    ]))
    error_message = "Rights on everything are those AWS knows no resource for."
  }
  assert {
    condition = [for one in jsondecode(module.fleet["utility"].policy).Statement : one.Resource if one.Sid == "KeepFiles"][0] == [
      "arn:aws:s3:::aerie-staging-files/backups/*", "arn:aws:s3:::aerie-staging-files/reports/*",
    ]
    error_message = "Utility instances keep backups and reports."
  }
  assert {
    condition = alltrue([
      for role in ["console", "worker"] : !strcontains(jsonencode([for one in jsondecode(module.fleet[role].policy).Statement : one if one.Sid == "KeepFiles"]), "backups")
    ])
    error_message = "Neither consoles nor workers touch backups: who breaks into one cannot destroy them."
  }
  assert {
    condition = [for one in jsondecode(module.fleet["worker"].policy).Statement : one.Resource if one.Sid == "EndWell"][0] == [
      "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:*:autoScalingGroupName/aerie-staging-worker",
    ]
    error_message = "An instance ends itself, in its own group alone."
  }
}

run "alarms" {
  command = plan

  assert {
    condition = toset([for alarm in values(local.alarms) : alarm.name]) == toset([
      for what in [
        "queue-age", "failed-jobs", "console-errors", "console-latency", "unhealthy-instances", "watchdog-restarts",
        "scheduler-silent", "backup-missing", "replica-lag", "database-connections", "database-cpu", "redis-memory",
        "certificate-expiry",
      ] : "aerie-staging-${what}"
    ])
    error_message = "Each alarm is there, named like its runbook."
  }
  assert {
    condition     = var.backup_age_limit == 26
    error_message = "No backup in 26 hours rings."
  }
  assert {
    condition     = length(local.shown_alarms) == length(local.alarms) + length(local.outpost_alarms) && alltrue([for chart in local.charts : length(chart.metrics) > 0])
    error_message = "The dashboard shows every alarm, and no empty chart."
  }
  assert {
    condition     = alltrue([for what in ["console-errors", "console-latency", "unhealthy-instances", "watchdog-restarts"] : contains(output.rollback_alarms, "aerie-staging-${what}")])
    error_message = "What a release can break stops a deploy."
  }
  assert {
    condition     = length(setintersection(output.rollback_alarms, ["aerie-staging-replica-lag", "aerie-staging-certificate-expiry", "aerie-staging-backup-missing"])) == 0
    error_message = "What going back would not mend stops none."
  }
}

run "budget" {
  command = plan

  assert {
    condition     = one(aws_budgets_budget.month.cost_filter).values == tolist(["user:Environment$staging"])
    error_message = "The budget is this environment's alone."
  }
  assert {
    condition     = { for told in aws_budgets_budget.month.notification : told.notification_type => told.threshold } == { ACTUAL = 80, FORECASTED = 100 }
    error_message = "Told before it is spent, and when it is going to be."
  }
}

run "after_a_deploy" {
  command = plan

  override_data {
    target = data.aws_ssm_parameters_by_path.release
    values = {
      names  = ["/aerie/staging/release/ami", "/aerie/staging/release/version"]
      values = ["ami-0fedcba9876543210", "1.2.3"]
    }
  }

  assert {
    condition     = jsondecode(split("\n", module.fleet["console"].user_data)[1]).aerie.release == "1.2.3"
    error_message = "The release in service is the one on the templates that Terraform makes."
  }
  assert {
    condition     = local.image == "ami-0fedcba9876543210"
    error_message = "So is its image."
  }
}

run "who_deploys" {
  command = plan

  variables {
    github_repository        = "aerie/aerie"
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    deployers                = ["arn:aws:iam::123456789012:user/ada"]
  }

  assert {
    condition     = jsondecode(aws_iam_role.deployer[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:aerie/aerie:environment:staging"
    error_message = "Only jobs of this environment of this repository."
  }
  assert {
    condition     = jsondecode(aws_iam_role.deployer[0].assume_role_policy).Statement[1].Condition.Bool["aws:MultiFactorAuthPresent"] == "true"
    error_message = "People with a second factor."
  }
}

run "a_deployer_deletes_nothing" {
  command = plan

  variables {
    deployers = ["arn:aws:iam::123456789012:user/ada"]
  }

  assert {
    condition = !anytrue([
      for policy in [aws_iam_role_policy.deploying[0].policy, aws_iam_role_policy.building[0].policy] :
      strcontains(policy, "s3:DeleteObject") || strcontains(policy, "\"iam:Create") || strcontains(policy, "\"*\",\"Effect")
    ])
    error_message = "Old assets stay, and no deploy grants itself anything."
  }
  assert {
    condition = alltrue([
      for one in concat(local.deploying, local.building) : one.Resource != ["*"] || contains(["Watch", "LookForBuilding"], one.Sid)
    ])
    error_message = "Rights on everything are those to look, which AWS knows no resource for."
  }
  assert {
    condition = alltrue([
      for one in concat(local.deploying, local.building) : try(one.Condition.StringEquals["ec2:CreateAction"], null) != null || !strcontains(jsonencode(one.Resource), "instance/*") || !contains(one.Action, "ec2:CreateTags")
    ])
    error_message = "Nobody renames an instance that runs, to be allowed to end it."
  }
}

run "nobody_deploys" {
  command = plan

  assert {
    condition     = length(aws_iam_role.deployer) == 0
    error_message = "Nobody named, no role."
  }
}

run "a_fleet_without_workers_is_refused" {
  command = plan

  variables {
    fleets = {
      console = { instance_type = "t4g.small", size = { min = 2, max = 4 } }
      utility = { instance_type = "t4g.small", size = { min = 1, max = 2 } }
    }
  }

  expect_failures = [var.fleets]
}

run "a_role_without_instances_is_refused" {
  command = plan

  variables {
    fleets = {
      console = { instance_type = "t4g.small", size = { min = 2, max = 4 } }
      worker  = { instance_type = "t4g.small", size = { min = 0, max = 3 } }
      utility = { instance_type = "t4g.small", size = { min = 1, max = 2 } }
    }
  }

  expect_failures = [var.fleets]
}
