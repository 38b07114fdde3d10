# One file for every state, which links to it: whom we talk to, and what every resource carries.

variable "environment" {
  description = "staging or production: a part of every name and of every parameter's path."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "The environment is staging or production."
  }
}

variable "region" {
  description = "The AWS region of everything but CloudFront's certificates."
  type        = string
}

variable "domain" {
  description = "The console's host name, and the public hosted zone of this environment."
  type        = string
}

variable "local_endpoint" {
  description = "Address of a local AWS API, for the tests alone; null is Amazon."
  type        = string
  default     = null
}

locals {
  local = var.local_endpoint != null # whatever is gated by it says why, in place
  name  = "aerie-${var.environment}" # the first part of every name
  path  = "/aerie/${var.environment}"

  tags = {
    Project     = "aerie"
    Environment = var.environment
    State       = basename(abspath(path.root))
  }
}

provider "aws" {
  region                      = var.region
  access_key                  = local.local ? "local" : null
  secret_key                  = local.local ? "local" : null
  max_retries                 = local.local ? 1 : 25
  s3_use_path_style           = local.local
  skip_credentials_validation = local.local
  skip_metadata_api_check     = local.local
  skip_region_validation      = local.local

  default_tags {
    tags = local.tags
  }

  dynamic "endpoints" {
    for_each = var.local_endpoint[*]

    content {
      acm              = endpoints.value
      autoscaling      = endpoints.value
      budgets          = endpoints.value
      cloudfront       = endpoints.value
      cloudwatch       = endpoints.value
      cloudwatchevents = endpoints.value
      cloudwatchlogs   = endpoints.value
      ec2              = endpoints.value
      elasticache      = endpoints.value
      elbv2            = endpoints.value
      iam              = endpoints.value
      kms              = endpoints.value
      lambda           = endpoints.value
      rds              = endpoints.value
      route53          = endpoints.value
      s3               = endpoints.value
      s3control        = endpoints.value
      secretsmanager   = endpoints.value
      sns              = endpoints.value
      sqs              = endpoints.value
      ssm              = endpoints.value
      sts              = endpoints.value
      wafv2            = endpoints.value
    }
  }
}
