# What must not change by accident. Offline: every answer of Amazon's is made up.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "eu-central-1a,eu-central-1b,eu-central-1c" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
}

# Known while planning: each of its names becomes a record.
override_resource {
  target          = aws_acm_certificate.files
  override_during = plan

  values = {
    arn                       = "arn:aws:acm:us-east-1:123456789012:certificate/one"
    domain_validation_options = []
  }
}

# Known while planning: what its origins must name.
override_resource {
  target          = aws_cloudfront_origin_access_control.this
  override_during = plan
  values          = { id = "SIGNS" }
}

variables {
  environment          = "production"
  region               = "eu-central-1"
  domain               = "aerie.example"
  database_capacity    = { least = 1, most = 16 }
  database_backup_days = 35
  deletion_protection  = true
  redis_node_type      = "cache.t4g.medium"
  files_public_keys    = { first = "PEM" }
  files_signing_key    = "first"
  database_password    = "known-to-nobody-else"
  redis_token          = "KnownToNobodyElse"
  app_secrets          = "{\"BACKUP_KEYS\":\"\",\"CLOUDFRONT_KEY\":\"\",\"EMAIL_URL\":\"\",\"FIELD_ENCRYPTION_KEYS\":\"\",\"METRICS_TOKEN\":\"\",\"OUTPOST_STORE_KEYS\":\"\",\"SECRET_KEY\":\"\"}"
  outpost_secrets      = "{\"OUTPOST_CLIENT_CA_PEM\":\"\",\"OUTPOST_STORE_KEYS\":\"\",\"OUTPOST_TLS_CERT_PEM\":\"\",\"OUTPOST_TLS_KEY_PEM\":\"\"}"
}

run "the_database_survives_a_zone_and_a_mistake" {
  command = plan

  assert {
    condition     = toset([for one in aws_rds_cluster_instance.this : one.availability_zone]) == toset(["eu-central-1a", "eu-central-1b"])
    error_message = "A writer and a reader, in two zones."
  }

  assert {
    condition     = alltrue([for one in aws_rds_cluster_instance.this : one.promotion_tier <= 1])
    error_message = "The reader is kept as large as the writer."
  }

  assert {
    condition     = aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.backup_retention_period == 35
    error_message = "Production's database is protected, and backed up for 35 days."
  }

  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && alltrue([for one in aws_rds_cluster_instance.this : !one.publicly_accessible])
    error_message = "Encrypted and private."
  }
}

run "mysql_is_spoken_to_by_tls_and_tells_what_is_slow" {
  command = plan

  assert {
    condition     = local.mysql.require_secure_transport == "ON" && local.mysql.tls_version == "TLSv1.2,TLSv1.3"
    error_message = "TLS 1.2 or newer."
  }

  assert {
    condition     = local.mysql.slow_query_log == "1" && contains(aws_rds_cluster.this.enabled_cloudwatch_logs_exports, "slowquery")
    error_message = "The slow-query log goes to CloudWatch."
  }

  assert {
    condition     = local.mysql.transaction_isolation == "READ-COMMITTED"
    error_message = "The isolation that the tests run with."
  }
}

run "redis_fails_over_and_forgets_nothing_when_full" {
  command = plan

  assert {
    condition     = aws_elasticache_replication_group.this.automatic_failover_enabled && aws_elasticache_replication_group.this.multi_az_enabled && aws_elasticache_replication_group.this.num_cache_clusters == 2
    error_message = "A replica in another zone, that takes over."
  }

  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.at_rest_encryption_enabled
    error_message = "Encrypted, in both ways."
  }

  assert {
    condition     = { for one in aws_elasticache_parameter_group.this.parameter : one.name => one.value } == { maxmemory-policy = "noeviction" }
    error_message = "A full Redis refuses instead of evicting a job."
  }
}

run "files_are_handed_out_to_holders_of_a_signed_address" {
  command = plan

  assert {
    condition = alltrue([
      for behaviour in concat(aws_cloudfront_distribution.files.default_cache_behavior, aws_cloudfront_distribution.files.ordered_cache_behavior) :
      behaviour.viewer_protocol_policy == "https-only" && length(behaviour.trusted_key_groups) == 1
    ])
    error_message = "By HTTPS, with a key group, for every path."
  }

  assert {
    condition = alltrue([
      for one in [aws_cloudfront_distribution.files, aws_cloudfront_distribution.static] :
      one.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
    ])
    error_message = "TLS 1.2 or newer."
  }

  assert {
    condition     = length([for resource in data.aws_iam_policy_document.files.statement[0].resources : resource if strcontains(resource, "backups") || endswith(resource, "-files-*/*")]) == 0
    error_message = "CloudFront reads no backup."
  }
}

run "buckets_are_read_through_cloudfront_alone" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for one in [aws_cloudfront_distribution.files, aws_cloudfront_distribution.static] : [
        for origin in one.origin : origin.origin_access_control_id == "SIGNS" && length(origin.custom_origin_config) == 0
      ]
    ]))
    error_message = "Every origin is a private bucket, asked with signed requests."
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.this.signing_behavior == "always" && aws_cloudfront_origin_access_control.this.origin_access_control_origin_type == "s3"
    error_message = "Every request is signed."
  }

  assert {
    condition = alltrue([
      for name, policy in { files = data.aws_iam_policy_document.files, static = data.aws_iam_policy_document.static } :
      policy.statement[0].actions == toset(["s3:GetObject"]) && one(policy.statement[0].condition).variable == "aws:SourceArn"
    ])
    error_message = "And only those of our own distribution are answered, with files and no list of them."
  }
}

run "the_consoles_pages_may_use_scripts_and_fonts_of_the_cdn" {
  command = plan

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.this.cors_config).access_control_allow_origins).items == toset(["https://aerie.example"])
    error_message = "Access-Control-Allow-Origin names the console, and nobody else."
  }

  assert {
    condition     = toset(one(aws_cloudfront_distribution.static.default_cache_behavior).allowed_methods) == toset(["GET", "HEAD", "OPTIONS"])
    error_message = "Browsers may ask first."
  }
}

run "browsers_may_only_put" {
  command = plan

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_cors_configuration.files.cors_rule :
      rule.allowed_methods == toset(["PUT"]) && rule.allowed_origins == toset(["https://aerie.example"])
    ])
    error_message = "Pages of the console send parts of an upload, and nobody else anything."
  }
}

run "production_cannot_be_unprotected" {
  command = plan

  variables {
    deletion_protection = false
  }

  expect_failures = [var.deletion_protection]
}

run "backups_are_kept_for_a_week_at_least" {
  command = plan

  variables {
    database_backup_days = 1
  }

  expect_failures = [var.database_backup_days]
}

run "secrets_are_complete" {
  command = plan

  variables {
    outpost_secrets = "{\"OUTPOST_STORE_KEYS\":\"\"}"
  }

  expect_failures = [var.outpost_secrets]
}
