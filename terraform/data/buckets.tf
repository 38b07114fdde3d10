# One bucket for each subject. What the console calls the storage is one bucket with a prefix for each kind of file,
# because it has one address (STORAGE_URL): firmware/, reports/, traces/, backups/.

locals {
  bucket = { for name in ["files", "static", "releases", "logs"] : name => "${local.name}-${name}-${data.aws_caller_identity.this.account_id}" }
}

module "files" {
  source = "../modules/bucket"

  name        = local.bucket.files
  key_arn     = aws_kms_key.data.arn
  logs        = module.logs
  statements  = [data.aws_iam_policy_document.files.json]
  destroyable = !var.deletion_protection

  # The console deletes traces after a week and backups by its calendar; this is what is left if it does not.
  cool   = { "backups/" = 30, "reports/" = 90 }
  expire = { "traces/" = 30, "backups/" = 730 }
}

# A browser sends the parts of an image straight to S3: see devices/storage.py.
resource "aws_s3_bucket_cors_configuration" "files" {
  bucket = module.files.name

  cors_rule {
    allowed_methods = ["PUT"]
    allowed_origins = ["https://${var.domain}"]
    allowed_headers = ["content-type"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}

# Hashed names that are never overwritten: old pages find their assets for as long as nobody deletes them.
module "static" {
  source = "../modules/bucket"

  name        = local.bucket.static
  logs        = module.logs
  statements  = [data.aws_iam_policy_document.static.json]
  destroyable = !var.deletion_protection
}

# Who deployed what.
module "releases" {
  source = "../modules/bucket"

  name        = local.bucket.releases
  key_arn     = aws_kms_key.data.arn
  logs        = module.logs
  former_days = 365
  destroyable = !var.deletion_protection
}

# Requests to the buckets and through the balancers. Those who write them know no key but S3's own.
module "logs" {
  source = "../modules/bucket"

  name        = local.bucket.logs
  statements  = [data.aws_iam_policy_document.logs.json]
  expire      = { "" = 90 }
  former_days = 1
  destroyable = !var.deletion_protection
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "Buckets"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${local.bucket.logs}/buckets/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }

  statement {
    sid       = "Balancers"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${local.bucket.logs}/balancers/*"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

# CloudFront reads what is handed out, never a backup.
data "aws_iam_policy_document" "files" {
  statement {
    sid       = "HandOut"
    actions   = ["s3:GetObject"]
    resources = [for prefix in ["firmware", "reports", "traces"] : "arn:aws:s3:::${local.bucket.files}/${prefix}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.files.arn]
    }
  }
}

data "aws_iam_policy_document" "static" {
  statement {
    sid       = "HandOut"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${local.bucket.static}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.static.arn]
    }
  }
}
