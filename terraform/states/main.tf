# The bucket of all states of the environment, its own among them: see `bootstrap` in bin/infrastructure.

variable "bucket" {
  description = "Its name, as environments/<environment>/backend.hcl has it."
  type        = string
}

# States hold what the provider cannot write without keeping it, Redis' token: a key that nothing else uses.
resource "aws_kms_key" "states" {
  #checkov:skip=CKV2_AWS_64:Its policy is Amazon's: IAM decides who may use it, as it decides who may read the bucket.
  description             = "Terraform's states of Aerie, ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

module "bucket" {
  source = "../modules/bucket"

  name        = var.bucket
  key_arn     = aws_kms_key.states.arn
  former_days = 365
}
