# What an instance of this role may do: read its own configuration and its one secret, tell how it is, end itself
# well, be visited by Session Manager. What it stores comes with var.statements.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  arn        = "arn:${data.aws_partition.current.partition}"
  parameters = "${local.arn}:ssm:${var.region}:${local.account}:parameter/aerie/${var.environment}"
  group_arn  = "${local.arn}:autoscaling:${var.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${local.name}"

  statements = [
    {
      Sid    = "ReadOwnConfiguration"
      Effect = "Allow"
      Action = ["ssm:GetParametersByPath"]
      Resource = flatten([
        ["${local.parameters}/environment", "${local.parameters}/environment/*"],
        [for role in local.roles : ["${local.parameters}/roles/${role}", "${local.parameters}/roles/${role}/*"]],
      ])
    },
    {
      Sid      = "ReadOwnSecret"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [var.secret_arn]
    },
    {
      Sid       = "OpenOwnSecret"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.secret_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = flatten([for arn in var.log_group_arns : [arn, "${arn}:log-stream:*"]])
    },
    {
      Sid       = "WriteMetrics" # CloudWatch knows no resources here, only the namespace
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = "Aerie" } }
    },
    {
      Sid      = "EndWell"
      Effect   = "Allow"
      Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
      Resource = [local.group_arn]
    },
    {
      Sid    = "SeeOwnPlace" # which group, and whether its balancers still send anybody; these know no resources
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
        "elasticloadbalancing:DescribeTargetHealth",
      ]
      Resource = ["*"]
    },
    # What AmazonSSMManagedInstanceCore allows, without its ssm:GetParameter on every parameter of the account.
    {
      Sid    = "BeVisited"
      Effect = "Allow"
      Action = [
        "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage",
        "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
        "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "ReadOwnDocuments"
      Effect   = "Allow"
      Action   = ["ssm:DescribeDocument", "ssm:GetDocument"]
      Resource = ["${local.arn}:ssm:${var.region}:${local.account}:document/aerie-${var.environment}-*"]
    },
    {
      Sid      = "EncryptSessions"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = [var.operations_key_arn]
    },
    {
      Sid      = "FindSessionLogs" # this knows no resources
      Effect   = "Allow"
      Action   = ["logs:DescribeLogGroups"]
      Resource = ["*"]
    },
  ]
}

resource "aws_iam_role" "this" {
  name        = local.name
  description = "Instances of Aerie's role ${var.role} in ${var.environment}."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = local.name
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.statements, var.statements) })
}

resource "aws_iam_instance_profile" "this" {
  name = local.name
  role = aws_iam_role.this.name
}
