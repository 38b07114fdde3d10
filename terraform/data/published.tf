module "published" {
  source = "../modules/parameters"

  path = "${local.path}/data"
  values = {
    key_arn                    = aws_kms_key.data.arn
    database_cluster_id        = aws_rds_cluster.this.cluster_identifier
    database_endpoint          = aws_rds_cluster.this.endpoint
    database_reader_endpoint   = aws_rds_cluster.this.reader_endpoint
    redis_replication_group_id = aws_elasticache_replication_group.this.replication_group_id
    redis_endpoint             = aws_elasticache_replication_group.this.primary_endpoint_address
    files_bucket               = module.files.name
    static_bucket              = module.static.name
    releases_bucket            = module.releases.name
    logs_bucket                = module.logs.name
    files_distribution_id      = aws_cloudfront_distribution.files.id
    static_distribution_id     = aws_cloudfront_distribution.static.id
    app_secret_arn             = aws_secretsmanager_secret.app.arn
    outpost_secret_arn         = aws_secretsmanager_secret.outpost.arn
  }
  lists = {
    redis_member_ids = sort(aws_elasticache_replication_group.this.member_clusters)
  }
}

# Variables of every role that this state knows: see .env.example.
module "environment" {
  source = "../modules/parameters"

  path = "${local.path}/environment"
  values = {
    AWS_DEFAULT_REGION = var.region
    DATABASE_TLS_CA    = "/etc/aerie/database-ca.pem" # in the image: ami/scripts/agents.sh
    STORAGE_URL        = "s3://${module.files.name}"
    STATIC_URL         = "https://${local.hosts.static}/static/" # the prefix deploys upload to
    CLOUDFRONT_DOMAIN  = local.hosts.files
    CLOUDFRONT_KEY_ID  = aws_cloudfront_public_key.files[var.files_signing_key].id
  }
}
