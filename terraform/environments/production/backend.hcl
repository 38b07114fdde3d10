bucket = "aerie-production-states"
region = "eu-central-1"
