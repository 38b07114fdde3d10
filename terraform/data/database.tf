# Aurora MySQL 8, a writer and a reader that takes over, each in a zone of its own.
#
# Serverless v2: an unchanged check-in touches MySQL zero times, so that its load is that of visitors, reports and
# rollouts, and a fixed class would be paid for its peak all night. A db.r7g.large costs as much as 2.4 capacity
# units: above that on average, say so in database_instance_class. What has 0.5 units is cheaper than a db.t4g.medium.

locals {
  database = "${local.name}-database"
  # MySQL's parameters; the client sets its isolation as well, and readers need to be told that they may.
  mysql = {
    aurora_read_replica_read_committed = "ON"
    binlog_format                      = "OFF" # Aurora replicates below MySQL; a backup is a dump and a snapshot
    character_set_server               = "utf8mb4"
    long_query_time                    = tostring(var.slow_query_seconds)
    require_secure_transport           = "ON"
    slow_query_log                     = "1"
    tls_version                        = "TLSv1.2,TLSv1.3"
    transaction_isolation              = "READ-COMMITTED"
  }
  at_restart = ["binlog_format", "tls_version"]
}

resource "aws_db_subnet_group" "this" {
  name        = local.database
  description = "The data subnets of ${var.environment}"
  subnet_ids  = local.subnets
}

resource "aws_rds_cluster_parameter_group" "this" {
  name        = local.database
  description = "MySQL of Aerie"
  family      = "aurora-mysql8.0"

  dynamic "parameter" {
    for_each = local.mysql

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = contains(local.at_restart, parameter.key) ? "pending-reboot" : "immediate"
    }
  }
}

# Made before the database does it, so that it is encrypted and ends.
resource "aws_cloudwatch_log_group" "database" {
  #checkov:skip=CKV_AWS_338:Statements hold what customers typed; a month is enough to find out why they were slow.
  for_each = toset(["error", "slowquery"])

  name              = "/aws/rds/cluster/${local.database}/${each.key}"
  retention_in_days = 30
  kms_key_id        = local.network.logs_key_arn
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV_AWS_162:One user with a password that is in no state; who did what is in the console's audit log.
  #checkov:skip=CKV_AWS_325:Audit logs would write down what customers typed; the console's audit log tells who did what.
  #checkov:skip=CKV2_AWS_8:Aurora's own backups, and every night a sealed dump of ours in S3: docs/runbooks/restore.md.
  #checkov:skip=CKV_AWS_326:Backtrack rewinds all customers at once; a point in time is restored beside it instead.
  cluster_identifier = local.database
  engine             = "aurora-mysql"
  engine_version     = "8.0.mysql_aurora.3.10.0"
  database_name      = "aerie"

  master_username            = "aerie"
  master_password_wo         = var.database_password
  master_password_wo_version = var.database_password_version

  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [local.network.database_security_group_id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name
  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.data.arn

  backup_retention_period      = var.database_backup_days
  preferred_backup_window      = "01:00-01:30" # UTC, in the night of most networks; our own dump comes later
  preferred_maintenance_window = "sun:03:00-sun:03:30"
  copy_tags_to_snapshot        = true
  deletion_protection          = var.deletion_protection
  skip_final_snapshot          = !var.deletion_protection
  final_snapshot_identifier    = "${local.database}-final"

  enabled_cloudwatch_logs_exports = sort(keys(aws_cloudwatch_log_group.database))

  dynamic "serverlessv2_scaling_configuration" {
    for_each = var.database_instance_class == "db.serverless" ? [var.database_capacity] : []

    content {
      min_capacity = serverlessv2_scaling_configuration.value.least
      max_capacity = serverlessv2_scaling_configuration.value.most
    }
  }
}

# Both may be the writer: the tier below 2 keeps the reader as large as the writer, warm for a fail-over.
resource "aws_rds_cluster_instance" "this" {
  #checkov:skip=CKV_AWS_226:A version is raised here, in staging first; the database does not raise it by itself.
  for_each = toset(slice(local.zones, 0, 2))

  identifier           = "${local.database}-${each.key}"
  cluster_identifier   = aws_rds_cluster.this.id
  engine               = aws_rds_cluster.this.engine
  engine_version       = aws_rds_cluster.this.engine_version
  instance_class       = var.database_instance_class
  availability_zone    = each.key
  promotion_tier       = index(local.zones, each.key)
  publicly_accessible  = false
  db_subnet_group_name = aws_db_subnet_group.this.name

  auto_minor_version_upgrade = false
  copy_tags_to_snapshot      = true

  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.data.arn
}

data "aws_iam_policy_document" "monitoring_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  name               = "${local.name}-database-monitoring"
  assume_role_policy = data.aws_iam_policy_document.monitoring_trust.json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
