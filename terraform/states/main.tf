# The bucket of all states of the environment, its own among them: see `bootstrap` in bin/infrastructure.

variable "bucket" {
  description = "Its name, as environments/<environment>/backend.hcl has it."
  type        = string
}

data "aws_caller_identity" "this" {}

# States hold what the provider cannot write without keeping it, Redis' token: a key that nothing else uses. IAM decides
# who may use it, as it decides who may read the bucket.
resource "aws_kms_key" "states" {
  description             = "Terraform's states of Aerie, ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Administer"
      Effect    = "Allow"
      Action    = "kms:*"
      Resource  = "*"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.this.account_id}:root" }
    }]
  })
}

module "bucket" {
  source = "../modules/bucket"

  name        = var.bucket
  key_arn     = aws_kms_key.states.arn
  former_days = 365
}
