# What the network published.
data "aws_ssm_parameter" "network" {
  for_each = toset([
    "availability_zones",
    "data_subnet_ids",
    "database_security_group_id",
    "logs_key_arn",
    "redis_security_group_id",
    "zone_id",
  ])

  name = "${local.path}/network/${each.key}"
}

locals {
  network = { for name, parameter in data.aws_ssm_parameter.network : name => parameter.insecure_value }
  zones   = split(",", local.network.availability_zones)
  subnets = split(",", local.network.data_subnet_ids)
}

data "aws_caller_identity" "this" {}
