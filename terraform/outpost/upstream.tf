# What the states before this one and the deploys have written down.

locals {
  told = toset([
    "network/vpc_id", "network/public_subnet_ids", "network/private_subnet_ids", "network/zone_id",
    "network/logs_key_arn", "network/outpost_balancer_security_group_id", "network/outpost_ports",
    "network/outpost_security_group_id",
    "data/key_arn", "data/outpost_secret_arn", "data/logs_bucket",
    "app/alarm_topic_arn", "app/operations_key_arn", "app/sessions_log_group_arn",
  ])

  network = { for name in local.told : trimprefix(name, "network/") => data.aws_ssm_parameter.told[name].insecure_value if startswith(name, "network/") }
  data    = { for name in local.told : trimprefix(name, "data/") => data.aws_ssm_parameter.told[name].insecure_value if startswith(name, "data/") }
  app     = { for name in local.told : trimprefix(name, "app/") => data.aws_ssm_parameter.told[name].insecure_value if startswith(name, "app/") }

  # The image in service, as the last deploy wrote it; nothing is there before the first.
  release = zipmap(
    [for name in data.aws_ssm_parameters_by_path.release.names : basename(name)],
    nonsensitive(data.aws_ssm_parameters_by_path.release.values),
  )
  image   = lookup(local.release, "ami", var.first_image)
  version = lookup(local.release, "version", var.first_release)
}

data "aws_ssm_parameter" "told" {
  for_each = local.told

  name = "${local.path}/${each.value}"
}

data "aws_ssm_parameters_by_path" "release" {
  path = "${local.path}/release"
}
