# One role's instances: what they are, how many, how they begin and end. Nothing on one may be missed.

locals {
  name  = "aerie-${var.environment}-${var.role}"
  roles = length(var.roles) > 0 ? var.roles : [var.role]

  # Read by `python -m instance boot` from the instance metadata service. Nothing secret: whoever may describe
  # the instance can read it.
  user_data = join("\n", ["#cloud-config", jsonencode({
    aerie = merge(
      { roles = local.roles, environment = var.environment, region = var.region, release = var.release },
      var.endpoint_url == null ? {} : { endpoint_url = var.endpoint_url },
    )
  })])

  tags = { Name = local.name, Project = "aerie", Environment = var.environment, Role = var.role }
}

resource "aws_launch_template" "this" {
  name                   = local.name
  description            = "Instances of the role ${var.role}. Deploys add versions with another image and release."
  image_id               = var.image
  instance_type          = var.instance_type
  user_data              = base64encode(local.user_data)
  update_default_version = true

  # No key pair and no port 22: people come in by Session Manager, and are recorded.
  vpc_security_group_ids = var.security_group_ids

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required" # IMDSv2: a forged request made by the application reads nothing
    http_put_response_hop_limit = 1          # and nothing behind the instance's own network stack can either
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda" # Debian's images call their root disk so

    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk_size
      encrypted             = true # with the account's own key: Auto Scaling may use it without a grant
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = var.detailed_monitoring
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }

  lifecycle {
    create_before_destroy = true
    # Deploys write theirs into the versions after the first; a new shape of ours keeps what the latest has.
    ignore_changes = [description, image_id, user_data]

    precondition {
      condition     = startswith(var.image, "ami-")
      error_message = "There is no image yet: build one (see ami/) and name it, as -var first_image=ami-… -var first_release=0.2.0."
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = local.name
  vpc_zone_identifier = var.subnet_ids
  min_size            = var.size.min
  max_size            = var.size.max
  target_group_arns   = var.target_group_arns

  health_check_type         = length(var.target_group_arns) > 0 ? "ELB" : "EC2"
  health_check_grace_period = var.health_grace
  default_instance_warmup   = var.warm_up
  max_instance_lifetime     = var.max_lifetime_days * 86400
  termination_policies      = var.termination_policies
  capacity_rebalance        = var.spot != null # a replacement comes before an endangered spot instance goes

  metrics_granularity = "1Minute"
  enabled_metrics = [
    "GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
    "GroupPendingInstances", "GroupTerminatingInstances", "GroupTotalInstances",
  ]

  # An apply does not wait for instances: at the very first there may be no image yet. Deploys watch them.
  wait_for_capacity_timeout = "0"

  # A numbered version: an instance refresh that is to be rolled back refuses $Latest and resolve:ssm.
  dynamic "launch_template" {
    for_each = var.spot == null ? [1] : []

    content {
      id      = aws_launch_template.this.id
      version = aws_launch_template.this.latest_version
    }
  }

  dynamic "mixed_instances_policy" {
    for_each = var.spot == null ? [] : [var.spot]
    iterator = spot

    content {
      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.this.id
          version            = aws_launch_template.this.latest_version
        }

        dynamic "override" {
          for_each = distinct(concat([var.instance_type], spot.value.instance_types))

          content {
            instance_type = override.value
          }
        }
      }

      instances_distribution {
        on_demand_allocation_strategy            = "prioritized"
        on_demand_base_capacity                  = spot.value.on_demand_base
        on_demand_percentage_above_base_capacity = spot.value.on_demand_percent
        spot_allocation_strategy                 = "price-capacity-optimized"
      }
    }
  }

  # Here and below: these hold the very first instances, which come before Terraform gets to the resources that
  # keep the same two hooks as they should be from then on.
  initial_lifecycle_hook {
    name                 = "ready"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    heartbeat_timeout    = var.ready_seconds
    default_result       = "ABANDON"
  }

  initial_lifecycle_hook {
    name                 = "drain"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    heartbeat_timeout    = var.drain_seconds
    default_result       = "CONTINUE"
  }

  # Whoever is replaced for age or health is replaced first and ended then.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 200
  }

  dynamic "tag" {
    for_each = local.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    ignore_changes = [
      desired_capacity, # scaling's
      min_size,         # the scheduled floors': see scaling.tf
      # Deploys' and rollbacks'.
      launch_template[0].version,
      mixed_instances_policy[0].launch_template[0].launch_template_specification[0].version,
    ]
  }
}

# Not in service before the instance says that its role answers; one that cannot say it is thrown away.
resource "aws_autoscaling_lifecycle_hook" "ready" {
  name                   = "ready"
  autoscaling_group_name = aws_autoscaling_group.this.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  heartbeat_timeout      = var.ready_seconds
  default_result         = "ABANDON"
}

# Not gone before it has finished what it was doing. One that died cannot say so: then it goes regardless.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  name                   = "drain"
  autoscaling_group_name = aws_autoscaling_group.this.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.drain_seconds
  default_result         = "CONTINUE"
}
