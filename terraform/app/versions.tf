terraform {
  required_version = ">= 1.11.0" # write-only arguments, and locks without DynamoDB

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # The rest is in environments/<environment>/backend.hcl. No `encrypt`: it asks S3 for a key of Amazon's, and the
  # bucket has one of its own.
  backend "s3" {
    key          = "app.tfstate"
    use_lockfile = true
  }
}
