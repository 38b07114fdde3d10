# What must not change by accident. Offline: every answer of Amazon's is made up.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  environment = "production"
  region      = "eu-central-1"
  domain      = "aerie.example"
  bucket      = "aerie-production-states"
}

run "a_key_of_its_own" {
  command = plan

  assert {
    condition     = aws_kms_key.states.enable_key_rotation
    error_message = "States hold the token of Redis: encrypted with a key that is rotated."
  }
}
