# One alarm somebody is told of: aerie-<environment>-<what>, with docs/runbooks/<what>.md that says what to do.

variable "environment" {
  type = string
}

variable "what" {
  description = "What is wrong: the name of the runbook."
  type        = string
}

variable "part" {
  description = "Of what, where several alarms share a runbook: ends the alarm's name."
  type        = string
  default     = ""
}

variable "description" {
  description = "One sentence of what has been seen."
  type        = string
}

variable "metrics" {
  description = "Metrics by the id the expression calls them by. A single one may do without expression. Periods are seconds."
  type = map(object({
    namespace  = optional(string, "Aerie")
    name       = string
    dimensions = map(string)
    stat       = string
    period     = optional(number, 60)
  }))
}

variable "expression" {
  description = "Metric math over the metrics' ids; empty for the only metric itself."
  type        = string
  default     = ""
}

variable "comparison" {
  type    = string
  default = "GreaterThanThreshold"
}

variable "threshold" {
  type = number
}

variable "periods" {
  description = "How many periods are looked at."
  type        = number
}

variable "breaching" {
  description = "How many of them must be over the threshold; all of them when null."
  type        = number
  default     = null
}

variable "missing" {
  description = "What no figure at all means: notBreaching where another alarm tells of silence, breaching where silence is the alarm."
  type        = string

  validation {
    condition     = contains(["breaching", "notBreaching"], var.missing)
    error_message = "Silence is either bad or not."
  }
}

variable "topic_arn" {
  description = "The SNS topic that hears of it, and of its end."
  type        = string
}

locals {
  name = join("-", compact(["aerie", var.environment, var.what, var.part]))
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = local.name
  alarm_description   = "${var.description} What to do: docs/runbooks/${var.what}.md"
  comparison_operator = var.comparison
  threshold           = var.threshold
  evaluation_periods  = var.periods
  datapoints_to_alarm = coalesce(var.breaching, var.periods)
  treat_missing_data  = var.missing
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]

  dynamic "metric_query" {
    for_each = var.metrics

    content {
      id          = metric_query.key
      return_data = var.expression == ""

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.stat
        period      = metric_query.value.period
      }
    }
  }

  dynamic "metric_query" {
    for_each = var.expression == "" ? [] : [var.expression]

    content {
      id          = "result"
      label       = var.what
      expression  = metric_query.value
      return_data = true
    }
  }
}

output "name" {
  value = aws_cloudwatch_metric_alarm.this.alarm_name
}

output "arn" {
  value = aws_cloudwatch_metric_alarm.this.arn
}
