# When there are more and when fewer. Out at once, in slowly: target tracking waits a quarter of an hour by itself.

resource "aws_autoscaling_policy" "tracking" {
  for_each = var.tracking

  name                   = "${local.name}-${each.key}"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value     = each.value.target
    disable_scale_in = each.value.only_out

    dynamic "predefined_metric_specification" {
      for_each = each.value.predefined == null ? [] : [each.value.predefined]

      content {
        predefined_metric_type = predefined_metric_specification.value
        resource_label         = each.value.label
      }
    }

    dynamic "customized_metric_specification" {
      for_each = each.value.metric == null ? [] : [each.value.metric]

      content {
        namespace   = "Aerie"
        metric_name = customized_metric_specification.value
        statistic   = "Average"

        dynamic "metric_dimension" {
          for_each = each.value.dimensions

          content {
            name  = metric_dimension.key
            value = metric_dimension.value
          }
        }
      }
    }
  }
}

# A floor is there before the people are: a morning rises faster than an instance boots.
resource "aws_autoscaling_schedule" "floor" {
  for_each = var.floors

  scheduled_action_name  = "${local.name}-${each.key}"
  autoscaling_group_name = aws_autoscaling_group.this.name
  recurrence             = each.value.at
  time_zone              = var.time_zone
  min_size               = each.value.min
  max_size               = -1 # as it is
  desired_capacity       = -1
}

resource "aws_autoscaling_schedule" "rest" {
  scheduled_action_name  = "${local.name}-rest"
  autoscaling_group_name = aws_autoscaling_group.this.name
  recurrence             = var.rest_at
  time_zone              = var.time_zone
  min_size               = var.size.min
  max_size               = -1
  desired_capacity       = -1
}

resource "aws_autoscaling_policy" "slow_in" {
  count = var.slow_scale_in == null ? 0 : 1

  name                   = "${local.name}-slow-in"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "SimpleScaling"
  adjustment_type        = "ChangeInCapacity"
  scaling_adjustment     = -1
  cooldown               = var.slow_scale_in.minutes * 60 # the rest has taken over before another goes
}

# It tells nobody: it only acts. Outside of its hours there is no figure, and no figure is no reason.
resource "aws_cloudwatch_metric_alarm" "slow_in" {
  count = var.slow_scale_in == null ? 0 : 1

  alarm_name          = "${local.name}-slow-in"
  alarm_description   = "Takes one instance away, in the quiet hours only. No reason to get up."
  comparison_operator = "LessThanThreshold"
  threshold           = var.slow_scale_in.below
  evaluation_periods  = ceil(var.slow_scale_in.minutes / 5)
  datapoints_to_alarm = ceil(var.slow_scale_in.minutes / 5)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_autoscaling_policy.slow_in[0].arn]

  metric_query {
    id          = "quiet"
    label       = "Below ${var.slow_scale_in.below} between ${var.slow_scale_in.from_utc} and ${var.slow_scale_in.to_utc} h UTC"
    expression  = "IF(HOUR(held) >= ${var.slow_scale_in.from_utc} AND HOUR(held) < ${var.slow_scale_in.to_utc}, held)"
    return_data = true
  }

  metric_query {
    id = "held"

    metric {
      namespace   = "Aerie"
      metric_name = var.slow_scale_in.metric
      dimensions  = { Environment = var.environment }
      stat        = "Average"
      period      = 300
    }
  }
}
