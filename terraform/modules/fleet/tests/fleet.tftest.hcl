# What every role's group has in common.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

override_resource {
  target          = aws_launch_template.this
  override_during = plan
  values          = { id = "lt-0123456789abcdef0", latest_version = 7 }
}

variables {
  environment        = "staging"
  region             = "eu-central-1"
  role               = "worker"
  image              = "ami-0123456789abcdef0"
  release            = "1.2.3"
  instance_type      = "t4g.small"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_ids = ["sg-1"]
  size               = { min = 1, max = 3 }
  secret_arn         = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:aerie/staging/app-abc"
  secret_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/data"
  log_group_arns     = ["arn:aws:logs:eu-central-1:123456789012:log-group:one"]
  operations_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/operations"
}

run "a_machine" {
  command = plan

  assert {
    condition     = one(aws_launch_template.this.metadata_options).http_tokens == "required" && one(aws_launch_template.this.metadata_options).http_put_response_hop_limit == 1
    error_message = "IMDSv2, one hop."
  }
  assert {
    condition     = one(one(aws_launch_template.this.block_device_mappings).ebs).encrypted == "true"
    error_message = "The disk is encrypted."
  }
  assert {
    condition     = aws_launch_template.this.key_name == null
    error_message = "There is no key pair: nobody comes in by SSH."
  }
  assert {
    condition     = length(base64decode(aws_launch_template.this.user_data)) < 16384 && !strcontains(lower(base64decode(aws_launch_template.this.user_data)), "secret")
    error_message = "User data is short and says no secret."
  }
}

run "a_group" {
  command = plan

  assert {
    condition     = one(aws_autoscaling_group.this.launch_template).version == "7"
    error_message = "A numbered version: a refresh of $Latest cannot be rolled back."
  }
  assert {
    condition     = { for hook in aws_autoscaling_group.this.initial_lifecycle_hook : hook.name => hook.default_result } == { ready = "ABANDON", drain = "CONTINUE" }
    error_message = "Who is never ready is thrown away, who is done may go."
  }
  assert {
    condition     = alltrue([for hook in aws_autoscaling_group.this.initial_lifecycle_hook : hook.heartbeat_timeout == (hook.name == "ready" ? aws_autoscaling_lifecycle_hook.ready : aws_autoscaling_lifecycle_hook.drain).heartbeat_timeout])
    error_message = "The first instances are held as all others are."
  }
  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "EC2" && length(aws_autoscaling_group.this.mixed_instances_policy) == 0
    error_message = "Without a balancer EC2 says who is ill; without spot there is one type."
  }
  assert {
    condition     = aws_autoscaling_schedule.rest.min_size == 1 && aws_autoscaling_schedule.rest.desired_capacity == -1
    error_message = "At rest the floor is the least, and what is there is left to scaling."
  }
}

run "behind_a_balancer" {
  command = plan

  variables {
    target_group_arns = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/one/1"]
  }

  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "ELB"
    error_message = "The balancer says who is ill."
  }
}

run "on_spot" {
  command = plan

  variables {
    spot = { on_demand_base = 1, on_demand_percent = 25, instance_types = ["t4g.small", "t4g.medium"] }
  }

  assert {
    condition     = length(aws_autoscaling_group.this.launch_template) == 0 && aws_autoscaling_group.this.capacity_rebalance
    error_message = "A mixed group, that replaces who is about to be interrupted."
  }
  assert {
    condition     = one(one(one(aws_autoscaling_group.this.mixed_instances_policy).launch_template).launch_template_specification).version == "7"
    error_message = "A numbered version here too."
  }
}

run "scaling" {
  command = plan

  variables {
    floors        = { morning = { at = "30 6 * * MON-FRI", min = 2 } }
    tracking      = { held = { target = 100, metric = "OutpostConnections", dimensions = { Environment = "staging" }, only_out = true } }
    slow_scale_in = { metric = "OutpostConnections", below = 45, minutes = 30, from_utc = 1, to_utc = 4 }
  }

  assert {
    condition     = aws_autoscaling_schedule.floor["morning"].min_size == 2 && aws_autoscaling_schedule.floor["morning"].desired_capacity == -1
    error_message = "In the morning the floor rises, before the people come."
  }
  assert {
    condition     = one(aws_autoscaling_policy.tracking["held"].target_tracking_configuration).disable_scale_in
    error_message = "By day nothing is taken away."
  }
  assert {
    condition     = aws_autoscaling_policy.slow_in[0].scaling_adjustment == -1 && aws_autoscaling_policy.slow_in[0].cooldown == 1800
    error_message = "By night one at a time."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.slow_in[0].treat_missing_data == "notBreaching" && aws_cloudwatch_metric_alarm.slow_in[0].evaluation_periods == 6
    error_message = "No figure is no reason to take an instance away."
  }
}

run "upside_down_sizes_are_refused" {
  command = plan

  variables {
    size = { min = 3, max = 2 }
  }

  expect_failures = [var.size]
}

run "without_an_image_it_says_what_to_do" {
  command = plan

  variables {
    image = ""
  }

  expect_failures = [aws_launch_template.this]
}
