# What holds for every bucket. Offline: every answer of Amazon's is made up.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name    = "a-bucket"
  key_arn = "arn:aws:kms:eu-central-1:123456789012:key/one"
}

run "private_versioned_and_encrypted" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "No object of it is public."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "What is overwritten can be brought back."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "Encrypted with the key."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "Not destroyed with what is in it, unless somebody says so."
  }
}

run "tls_alone" {
  command = plan

  assert {
    condition = toset([
      for statement in data.aws_iam_policy_document.this.statement : one(statement.condition).variable if statement.effect == "Deny"
    ]) == toset(["aws:SecureTransport", "s3:TlsVersion"])
    error_message = "Refuses what does not come by TLS 1.2 or newer."
  }
}

run "tidied_up" {
  command = plan

  variables {
    cool   = { "backups/" = 30 }
    expire = { "traces/" = 7 }
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].id == "cool-backups" && one(aws_s3_bucket_lifecycle_configuration.this.rule[1].transition).days == 30
    error_message = "What is old is kept more cheaply."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[2].id == "expire-traces" && one(aws_s3_bucket_lifecycle_configuration.this.rule[2].expiration).days == 7
    error_message = "What is of no use any more is deleted."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration).noncurrent_days == 30
    error_message = "What was overwritten or deleted can be brought back for a month."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1
    error_message = "Parts of an upload that was given up go after a day."
  }
}
