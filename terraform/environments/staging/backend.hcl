bucket = "aerie-staging-states"
region = "eu-central-1"
