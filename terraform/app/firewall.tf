# In front of the balancer, where it is worth its price.

locals {
  managed_rules = {
    # Bodies are only counted: passphrases, RADIUS secrets and configuration may look like anything.
    AWSManagedRulesCommonRuleSet = [
      "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "SizeRestrictions_BODY", "EC2MetaDataSSRF_BODY",
    ]
    AWSManagedRulesKnownBadInputsRuleSet  = []
    AWSManagedRulesAmazonIpReputationList = []
  }
}

resource "aws_wafv2_web_acl" "console" {
  #checkov:skip=CKV_AWS_192:AWSManagedRulesKnownBadInputsRuleSet is in local.managed_rules, where checkov cannot see it.
  count = var.web_firewall ? 1 : 0

  name        = "${local.name}-console"
  description = "Known attacks, known attackers, and whoever asks too often"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 0

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit              = var.requests_per_address
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = local.managed_rules

    content {
      name     = rule.key
      priority = 1 + index(keys(local.managed_rules), rule.key)

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = rule.value

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "console"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "console" {
  count = var.web_firewall ? 1 : 0

  resource_arn = aws_lb.console.arn
  web_acl_arn  = aws_wafv2_web_acl.console[0].arn
}

resource "aws_cloudwatch_log_group" "firewall" {
  count = var.web_firewall ? 1 : 0

  name              = "aws-waf-logs-${local.name}" # the first part is AWS's wish
  retention_in_days = var.log_days
  kms_key_id        = local.network.logs_key_arn
}

# What was refused, without what would let others in.
resource "aws_wafv2_web_acl_logging_configuration" "console" {
  count = var.web_firewall ? 1 : 0

  resource_arn            = aws_wafv2_web_acl.console[0].arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall[0].arn]

  dynamic "redacted_fields" {
    for_each = toset(["authorization", "cookie"])

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}
