# Consoles, workers and utility instances. Everything of one role alone is on this page; what all have in common is
# in modules/fleet.

locals {
  files  = "${local.arn}:s3:::${local.data.files_bucket}"
  groups = { for role in keys(var.fleets) : role => local.network["${role}_security_group_id"] }

  # What each role keeps in the bucket of files, by prefix. All may list: whether there is a backup is told by every
  # console.
  prefixes = {
    console = ["firmware", "reports", "traces"]
    worker  = ["firmware", "reports", "traces"]
    utility = ["backups", "reports"]
  }

  storage = {
    for role, prefixes in local.prefixes : role => [
      {
        Sid    = "KeepFiles"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
        ]
        Resource = [for prefix in prefixes : "${local.files}/${prefix}/*"]
      },
      {
        Sid      = "ListFiles" # all of it: S3 calls a file that is not there missing only to who may list
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local.files]
      },
      {
        Sid       = "SealFiles"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [local.data.key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
      },
    ]
  }

  tracking = {
    # Requests follow people at once, CPU follows what is heavy: whichever asks for more instances gets them.
    console = {
      requests = {
        target     = var.requests_per_instance
        predefined = "ALBRequestCountPerTarget"
        label      = "${aws_lb.console.arn_suffix}/${aws_lb_target_group.console.arn_suffix}"
      }
      cpu = { target = var.console_cpu, predefined = "ASGAverageCPUUtilization" }
    }
    # What waits for each worker tells of a burst at once, and keeps telling how large it is when all are busy; the
    # share at work tells of a load that grows before anything waits. Halving the workers doubles either, which is what
    # target tracking wants of a metric.
    worker = {
      queue = { target = var.queue_per_worker, metric = "QueueLengthPerWorker", dimensions = { Environment = var.environment } }
      busy  = { target = var.busy_workers, metric = "WorkersBusyShare", dimensions = { Environment = var.environment } }
    }
    utility = {
      cpu = { target = var.utility_cpu, predefined = "ASGAverageCPUUtilization" }
    }
  }
}

module "fleet" {
  source   = "../modules/fleet"
  for_each = var.fleets

  environment  = var.environment
  region       = var.region
  role         = each.key
  image        = local.image
  release      = local.version
  endpoint_url = var.local_endpoint

  instance_type       = each.value.instance_type
  spot                = each.value.spot
  disk_size           = each.value.disk_size
  detailed_monitoring = each.value.detailed_monitoring

  subnet_ids         = split(",", local.network.private_subnet_ids)
  security_group_ids = [local.groups[each.key]]
  # By way of the listener: scaling by requests is refused while no balancer sends anybody to the group.
  target_group_arns = each.key == "console" ? [aws_lb_listener.https.default_action[0].target_group_arn] : []

  size      = each.value.size
  floors    = each.value.floors
  rest_at   = var.rest_at
  time_zone = var.time_zone
  tracking  = local.tracking[each.key]

  # A backup or a report may be under way: it is handed back and goes on elsewhere, so five minutes do for all.
  drain_seconds = 300

  secret_arn         = local.data.app_secret_arn
  secret_key_arn     = local.data.key_arn
  log_group_arns     = [aws_cloudwatch_log_group.role[each.key].arn, aws_cloudwatch_log_group.sessions.arn]
  operations_key_arn = aws_kms_key.operations.arn
  statements         = local.storage[each.key]
}
