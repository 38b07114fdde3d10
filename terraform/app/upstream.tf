# What the states before this one and the deploys have written down.

locals {
  told = toset([
    "network/vpc_id", "network/public_subnet_ids", "network/private_subnet_ids", "network/zone_id",
    "network/logs_key_arn", "network/console_balancer_security_group_id", "network/console_security_group_id",
    "network/worker_security_group_id", "network/utility_security_group_id",
    "data/key_arn", "data/app_secret_arn", "data/files_bucket", "data/static_bucket", "data/releases_bucket",
    "data/logs_bucket", "data/database_cluster_id", "data/redis_member_ids",
  ])

  network = { for name in local.told : trimprefix(name, "network/") => data.aws_ssm_parameter.told[name].insecure_value if startswith(name, "network/") }
  data    = { for name in local.told : trimprefix(name, "data/") => data.aws_ssm_parameter.told[name].insecure_value if startswith(name, "data/") }

  # The image in service, as the last deploy wrote it; nothing is there before the first.
  release = zipmap(
    [for name in data.aws_ssm_parameters_by_path.release.names : basename(name)],
    nonsensitive(data.aws_ssm_parameters_by_path.release.values),
  )
  image   = lookup(local.release, "ami", var.first_image)
  version = lookup(local.release, "version", var.first_release)

  account = data.aws_caller_identity.current.account_id
  arn     = "arn:${data.aws_partition.current.partition}"
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_ssm_parameter" "told" {
  for_each = local.told

  name = "${local.path}/${each.value}"
}

data "aws_ssm_parameters_by_path" "release" {
  path = "${local.path}/release"
}
