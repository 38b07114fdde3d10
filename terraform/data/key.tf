# One key for what the environment keeps. IAM decides who may use it; CloudFront may read files with it.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:A key's policy: "*" is the key itself.
  #checkov:skip=CKV_AWS_111:A key's policy: "*" is the key itself.
  #checkov:skip=CKV_AWS_356:A key's policy: "*" is the key itself.
  statement {
    sid       = "Administer"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }

  statement {
    sid       = "CloudFront"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:cloudfront::${data.aws_caller_identity.this.account_id}:distribution/*"]
    }
  }
}

resource "aws_kms_key" "data" {
  description             = "Data of Aerie, ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.name}-data"
  target_key_id = aws_kms_key.data.key_id
}
