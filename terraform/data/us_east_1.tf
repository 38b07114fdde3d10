# CloudFront takes its certificates from this region alone.
provider "aws" {
  alias = "us_east_1"

  region                      = "us-east-1"
  access_key                  = local.local ? "local" : null
  secret_key                  = local.local ? "local" : null
  max_retries                 = local.local ? 1 : 25
  skip_credentials_validation = local.local
  skip_metadata_api_check     = local.local
  skip_region_validation      = local.local

  default_tags {
    tags = local.tags
  }

  dynamic "endpoints" {
    for_each = var.local_endpoint[*]

    content {
      acm = endpoints.value
      iam = endpoints.value
      sts = endpoints.value
    }
  }
}
