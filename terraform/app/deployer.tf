# Who `make deploy` is: everything it needs and nothing that could change what Terraform has made.

locals {
  fleet_arns = [for role in ["console", "worker", "utility", "outpost"] :
  "${local.arn}:autoscaling:${var.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${local.name}-${role}"]
  instance_roles = [for role in ["console", "worker", "utility", "outpost"] : "${local.arn}:iam::${local.account}:role/${local.name}-${role}"]
  ec2            = "${local.arn}:ec2:${var.region}"
  buckets        = { static = "${local.arn}:s3:::${local.data.static_bucket}", releases = "${local.arn}:s3:::${local.data.releases_bucket}" }

  trusted = concat(
    var.github_repository == null ? [] : [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = var.github_oidc_provider_arn }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          # A job of this GitHub environment: its reviewers and branches are asked first.
          "token.actions.githubusercontent.com:sub" = "repo:${var.github_repository}:environment:${var.environment}"
        }
      }
    }],
    length(var.deployers) == 0 ? [] : [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = var.deployers }
      Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
    }],
  )

  deploying = [
    {
      Sid      = "AddTemplateVersions"
      Effect   = "Allow"
      Action   = ["ec2:CreateLaunchTemplateVersion"]
      Resource = ["${local.ec2}:${local.account}:launch-template/*"]
      Condition = {
        StringEquals = { "aws:ResourceTag/Environment" = var.environment, "aws:ResourceTag/Project" = "aerie" }
      }
    },
    {
      Sid      = "Refresh"
      Effect   = "Allow"
      Action   = ["autoscaling:CancelInstanceRefresh", "autoscaling:StartInstanceRefresh"]
      Resource = local.fleet_arns
    },
    {
      # A refresh starts instances in the deployer's name, and so does the one that migrates.
      Sid       = "StartFromOwnTemplates"
      Effect    = "Allow"
      Action    = ["ec2:RunInstances"]
      Resource  = ["${local.ec2}:${local.account}:launch-template/*"]
      Condition = { StringEquals = { "aws:ResourceTag/Environment" = var.environment, "aws:ResourceTag/Project" = "aerie" } }
    },
    {
      Sid    = "StartInstances"
      Effect = "Allow"
      Action = ["ec2:RunInstances"]
      Resource = concat(
        ["${local.ec2}::image/*", "${local.ec2}::snapshot/*"],
        [for kind in ["instance", "network-interface", "security-group", "subnet", "volume"] : "${local.ec2}:${local.account}:${kind}/*"],
      )
      Condition = { ArnLike = { "ec2:LaunchTemplate" = "${local.ec2}:${local.account}:launch-template/*" } }
    },
    {
      Sid       = "NameInstances"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = ["${local.ec2}:${local.account}:*/*"]
      Condition = { StringEquals = { "ec2:CreateAction" = ["RunInstances", "CreateLaunchTemplateVersion"] } }
    },
    {
      Sid       = "EndMigrator"
      Effect    = "Allow"
      Action    = ["ec2:TerminateInstances"]
      Resource  = ["${local.ec2}:${local.account}:instance/*"]
      Condition = { StringEquals = { "aws:ResourceTag/aerie:purpose" = "migrate", "aws:ResourceTag/Environment" = var.environment } }
    },
    {
      Sid       = "HandOverRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = local.instance_roles
      Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
    },
    {
      Sid    = "Watch" # these know no resources
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes",
        "cloudwatch:DescribeAlarms", "ec2:DescribeImages", "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions", "ssm:GetCommandInvocation",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "KnowTheEnvironment"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter"]
      Resource = ["${local.arn}:ssm:${var.region}:${local.account}:parameter/aerie/${var.environment}/*"]
    },
    {
      Sid      = "WriteTheRelease"
      Effect   = "Allow"
      Action   = ["ssm:DeleteParameter", "ssm:PutParameter"]
      Resource = ["${local.arn}:ssm:${var.region}:${local.account}:parameter/aerie/${var.environment}/release/*"]
    },
    {
      Sid       = "MigrateThere"
      Effect    = "Allow"
      Action    = ["ssm:SendCommand"]
      Resource  = ["${local.ec2}:${local.account}:instance/*"]
      Condition = { StringEquals = { "ssm:resourceTag/Environment" = var.environment, "ssm:resourceTag/Role" = "utility" } }
    },
    {
      Sid      = "MigrateThus"
      Effect   = "Allow"
      Action   = ["ssm:SendCommand"]
      Resource = [aws_ssm_document.manage.arn]
    },
    {
      Sid      = "UploadWithoutDeleting" # old pages keep finding their assets
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = [for bucket in values(local.buckets) : "${bucket}/*"]
    },
    {
      Sid      = "List"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = values(local.buckets)
    },
    {
      Sid      = "SealUploads"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [local.data.key_arn]
      Condition = {
        StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" }
      }
    },
  ]

  # Packer: an instance, its disk, its image. It may end only what it started: run_tags and run_volume_tags of
  # ami/*.pkr.hcl say Builder = "packer".
  building = [
    {
      Sid    = "LookForBuilding" # these know no resources
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeRegions",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSnapshots", "ec2:DescribeSubnets", "ec2:DescribeTags",
        "ec2:DescribeVolumes", "ec2:DescribeVpcs",
      ]
      Resource = ["*"]
    },
    {
      Sid       = "StartBuilder"
      Effect    = "Allow"
      Action    = ["ec2:RunInstances"]
      Resource  = ["${local.ec2}:${local.account}:instance/*", "${local.ec2}:${local.account}:volume/*"]
      Condition = { StringEquals = { "aws:RequestTag/Builder" = "packer" } }
    },
    {
      Sid    = "StartBuilderWith"
      Effect = "Allow"
      Action = ["ec2:RunInstances"]
      Resource = [
        "${local.ec2}::image/*", "${local.ec2}::snapshot/*", "${local.ec2}:${local.account}:key-pair/packer_*",
        "${local.ec2}:${local.account}:network-interface/*", "${local.ec2}:${local.account}:security-group/*",
        "${local.ec2}:${local.account}:subnet/*",
      ]
    },
    {
      Sid    = "Prepare"
      Effect = "Allow"
      Action = ["ec2:CreateKeyPair", "ec2:CreateSecurityGroup", "ec2:DeleteKeyPair"]
      Resource = [
        "${local.ec2}:${local.account}:key-pair/packer_*", "${local.ec2}:${local.account}:security-group/*",
        "${local.ec2}:${local.account}:vpc/*",
      ]
    },
    {
      # Everything that Terraform made says its environment; what Packer makes for an hour does not.
      Sid       = "OpenAndClose"
      Effect    = "Allow"
      Action    = ["ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup"]
      Resource  = ["${local.ec2}:${local.account}:security-group/*"]
      Condition = { Null = { "aws:ResourceTag/Environment" = "true" } }
    },
    {
      # Instances get tags as they are made and never after, for the right to end one goes by them.
      Sid       = "NameBuilder"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = ["${local.ec2}:${local.account}:key-pair/packer_*", "${local.ec2}:${local.account}:security-group/*"]
      Condition = { StringEquals = { "ec2:CreateAction" = ["CreateKeyPair", "CreateSecurityGroup"] } }
    },
    {
      Sid      = "NameImages"
      Effect   = "Allow"
      Action   = ["ec2:CreateTags"]
      Resource = ["${local.ec2}::image/*", "${local.ec2}::snapshot/*"]
    },
    {
      Sid       = "EndBuilder"
      Effect    = "Allow"
      Action    = ["ec2:CreateImage", "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:TerminateInstances"]
      Resource  = ["${local.ec2}:${local.account}:instance/*"]
      Condition = { StringEquals = { "aws:ResourceTag/Builder" = "packer" } }
    },
    {
      Sid      = "MakeImages"
      Effect   = "Allow"
      Action   = ["ec2:CopyImage", "ec2:CreateImage", "ec2:CreateSnapshot", "ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute", "ec2:RegisterImage"]
      Resource = ["${local.ec2}::image/*", "${local.ec2}::snapshot/*", "${local.ec2}:${local.account}:volume/*"]
    },
  ]
}

resource "aws_iam_role" "deployer" {
  count = length(local.trusted) > 0 ? 1 : 0

  name                 = "${local.name}-deployer"
  description          = "make deploy and make rollback of Aerie's ${var.environment}."
  max_session_duration = 43200 # outposts are replaced one by one: a deploy must not outlive its credentials
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = local.trusted })
}

resource "aws_iam_role_policy" "deploying" {
  count = length(local.trusted) > 0 ? 1 : 0

  name   = "deploying"
  role   = aws_iam_role.deployer[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.deploying })
}

resource "aws_iam_role_policy" "building" {
  count = length(local.trusted) > 0 ? 1 : 0

  name   = "building"
  role   = aws_iam_role.deployer[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.building })
}
