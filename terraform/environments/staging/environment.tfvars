# What every state of staging is told.
environment = "staging"
region      = "eu-central-1"
domain      = "staging.aerie.example"
