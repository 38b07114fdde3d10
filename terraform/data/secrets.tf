# What instances may know, by role; written without passing through a state or a plan. Addresses that hold a
# password are put together here, because nobody else knows both halves.

locals {
  endpoints = {
    DATABASE_URL         = aws_rds_cluster.this.endpoint
    DATABASE_REPLICA_URL = aws_rds_cluster.this.reader_endpoint
  }
  made = {
    app = merge(
      { for name, host in local.endpoints : name => "mysql://aerie:${urlencode(var.database_password)}@${host}:3306/aerie" },
      { REDIS_URL = "${local.redis}/0", LIVE_STORE_URL = "${local.redis}/1" },
    )
    outpost = { OUTPOST_STORE = "${local.redis}/1" }
  }
  redis = "rediss://:${var.redis_token}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
}

resource "aws_secretsmanager_secret" "app" {
  #checkov:skip=CKV2_AWS_57:What is in it is changed by us in two steps (new key first, then away with the old): docs/security.md.
  name                    = "aerie/${var.environment}/app"
  description             = "Variables that consoles, workers and schedulers alone may know"
  kms_key_id              = aws_kms_key.data.arn
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id                = aws_secretsmanager_secret.app.id
  secret_string_wo         = jsonencode(merge(local.made.app, jsondecode(var.app_secrets)))
  secret_string_wo_version = var.secrets_version
}

resource "aws_secretsmanager_secret" "outpost" {
  #checkov:skip=CKV2_AWS_57:What is in it is changed by us in two steps (new key first, then away with the old): docs/security.md.
  name                    = "aerie/${var.environment}/outpost"
  description             = "Variables that outposts alone may know"
  kms_key_id              = aws_kms_key.data.arn
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "outpost" {
  secret_id                = aws_secretsmanager_secret.outpost.id
  secret_string_wo         = jsonencode(merge(local.made.outpost, jsondecode(var.outpost_secrets)))
  secret_string_wo_version = var.secrets_version
}
