# What every state of production is told.
environment = "production"
region      = "eu-central-1"
domain      = "aerie.example"
