# SSM parameters under one path: how states, instances and deploys are told what this state made.
# Nothing secret: secrets are in Secrets Manager.

variable "path" {
  description = "What every name begins with, as /aerie/staging/network."
  type        = string
}

variable "values" {
  description = "Texts by name."
  type        = map(string)
  default     = {}
}

variable "lists" {
  description = "Lists by name, kept as StringList: their items hold no comma."
  type        = map(list(string))
  default     = {}
}

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "aws_ssm_parameter" "value" {
  #checkov:skip=CKV2_AWS_34:Addresses and names, which are no secrets; an outpost reads them without any key.
  for_each = var.values

  name  = "${var.path}/${each.key}"
  type  = "String"
  value = each.value
}

resource "aws_ssm_parameter" "list" {
  #checkov:skip=CKV2_AWS_34:Addresses and names, which are no secrets; an outpost reads them without any key.
  for_each = var.lists

  name  = "${var.path}/${each.key}"
  type  = "StringList"
  value = join(",", each.value)
}
