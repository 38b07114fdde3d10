# How people and deploys reach an instance: Session Manager, never SSH. Documents carry the environment's name, so
# that staging and production may share an account without sharing who may enter.

resource "aws_ssm_document" "session" {
  name            = "${local.name}-session"
  document_type   = "Session"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "A shell on an instance of Aerie's ${var.environment}, sealed, and every line of it kept"
    sessionType   = "Standard_Stream"
    inputs = {
      cloudWatchLogGroupName      = aws_cloudwatch_log_group.sessions.name
      cloudWatchEncryptionEnabled = true
      cloudWatchStreamingEnabled  = true
      kmsKeyId                    = aws_kms_key.operations.arn
      idleSessionTimeout          = "20"
      maxSessionDuration          = "240"
      runAsEnabled                = false
    }
  })
}

# A management command of the console, as the console's user with the console's environment: migrations of a deploy,
# restoring, rotating keys. Words are those of manage.py, and nothing a shell would act on.
resource "aws_ssm_document" "manage" {
  name            = "${local.name}-manage"
  document_type   = "Command"
  document_format = "JSON"
  target_type     = "/AWS::EC2::Instance"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "manage.py <words> on an instance of Aerie's ${var.environment}"
    parameters = {
      words = {
        type           = "String"
        description    = "The command and its arguments, as: migrate --noinput"
        allowedPattern = "^[a-z_]+( [A-Za-z0-9_./:=@,+-]+)*$"
      }
      seconds = {
        type           = "String"
        description    = "How long it may take"
        default        = "3600"
        allowedPattern = "^[0-9]{1,5}$"
      }
    }
    mainSteps = [{
      action       = "aws:runShellScript"
      name         = "manage"
      precondition = { StringEquals = ["platformType", "Linux"] }
      inputs = {
        timeoutSeconds   = "{{ seconds }}"
        workingDirectory = "/opt/aerie/app"
        runCommand = [join(" ", [
          # A unit of its own: systemd reads the environment's file as root, the command runs as the worker's user,
          # and what it does is in the journal.
          "exec systemd-run --quiet --pipe --wait --collect",
          "--property=User=aerie-worker --property=WorkingDirectory=/opt/aerie/app --property=NoNewPrivileges=yes",
          "--property=EnvironmentFile=/run/aerie/environment/worker",
          "/opt/aerie/venv/bin/python manage.py {{ words }}",
        ])]
      }
    }]
  })
}

# Whoever looks after this environment: a recorded shell on its instances, its management commands, its figures.
resource "aws_iam_policy" "operator" {
  name        = "${local.name}-operator"
  description = "Enter the instances of Aerie's ${var.environment} by Session Manager, recorded, and run manage.py there."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "EnterInstances"
        Effect   = "Allow"
        Action   = ["ssm:StartSession"]
        Resource = ["${local.arn}:ec2:${var.region}:${local.account}:instance/*"]
        Condition = {
          StringEquals = { "ssm:resourceTag/Environment" = var.environment, "ssm:resourceTag/Project" = "aerie" }
          # The document counts too, also when none is named: without this, the account's default would do.
          BoolIfExists = { "ssm:SessionDocumentAccessCheck" = "true" }
        }
      },
      {
        Sid      = "OnlyRecorded"
        Effect   = "Allow"
        Action   = ["ssm:StartSession"]
        Resource = [aws_ssm_document.session.arn]
      },
      {
        Sid      = "LeaveOwnSessions"
        Effect   = "Allow"
        Action   = ["ssm:ResumeSession", "ssm:TerminateSession"]
        Resource = ["${local.arn}:ssm:*:*:session/$${aws:userid}-*"]
      },
      {
        Sid      = "SealSessions"
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey"]
        Resource = [aws_kms_key.operations.arn]
      },
      {
        Sid       = "ManageOnInstances"
        Effect    = "Allow"
        Action    = ["ssm:SendCommand"]
        Resource  = ["${local.arn}:ec2:${var.region}:${local.account}:instance/*"]
        Condition = { StringEquals = { "ssm:resourceTag/Environment" = var.environment, "ssm:resourceTag/Role" = "utility" } }
      },
      {
        Sid      = "Manage"
        Effect   = "Allow"
        Action   = ["ssm:SendCommand"]
        Resource = [aws_ssm_document.manage.arn]
      },
      {
        Sid      = "MoreOrOther" # what runbooks say to do by hand
        Effect   = "Allow"
        Action   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource = local.fleet_arns
      },
      {
        Sid    = "Look" # these know no resources
        Effect = "Allow"
        Action = [
          "acm:ListCertificates", "autoscaling:Describe*", "ce:GetCostAndUsage", "cloudwatch:Describe*",
          "cloudwatch:GetDashboard", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics",
          "ec2:DescribeInstances", "elasticloadbalancing:Describe*", "rds:DescribeEvents",
          "logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery",
          "ssm:DescribeInstanceInformation", "ssm:DescribeSessions", "ssm:GetCommandInvocation",
          "ssm:ListCommandInvocations", "ssm:ListCommands",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "ReadLogs"
        Effect   = "Allow"
        Action   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"]
        Resource = ["${local.arn}:logs:${var.region}:${local.account}:log-group:/aerie/${var.environment}/*"]
      },
    ]
  })
}
