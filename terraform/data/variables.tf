# --- Aurora MySQL

variable "database_instance_class" {
  description = "db.serverless follows the load; a fixed class is cheaper once the load is steady."
  type        = string
  default     = "db.serverless"
}

variable "database_capacity" {
  description = "The least and the most a serverless instance has, in Aurora capacity units of 2 GiB."
  type        = object({ least = number, most = number })
}

variable "database_backup_days" {
  description = "For how many days the database can be put back to any second of them."
  type        = number

  validation {
    condition     = var.database_backup_days >= 7 && var.database_backup_days <= 35
    error_message = "database_backup_days is 7 to 35."
  }
}

variable "deletion_protection" {
  description = "Whether databases refuse to be deleted and buckets to be destroyed with their files."
  type        = bool

  validation {
    condition     = var.deletion_protection || var.environment != "production"
    error_message = "Production's data is protected from deletion."
  }
}

variable "slow_query_seconds" {
  description = "A statement that takes longer is written to the slow-query log."
  type        = number
  default     = 0.5
}

variable "database_password" {
  description = "Of MySQL's user aerie; in no state and no plan."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.database_password) >= 16
    error_message = "database_password has at least 16 characters."
  }
}

variable "database_password_version" {
  description = "Raise it to have the password set again."
  type        = number
  default     = 1
}

# --- Redis

variable "redis_node_type" {
  type        = string
  description = "Of the primary and of its replica."
}

variable "redis_token" {
  description = "Whoever speaks to Redis shows it: 16 to 128 letters and digits."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9]{16,128}$", var.redis_token))
    error_message = "redis_token is 16 to 128 letters and digits."
  }
}

# --- files

variable "files_public_keys" {
  description = "Public halves (PEM, RSA 2048) of the keys that sign addresses of files, by a name such as the month."
  type        = map(string)

  validation {
    condition     = length(var.files_public_keys) > 0
    error_message = "Without a key nobody could download a file."
  }
}

variable "files_signing_key" {
  description = "Name of the one whose private half is CLOUDFRONT_KEY of the app's secrets."
  type        = string

  validation {
    condition     = contains(keys(var.files_public_keys), var.files_signing_key)
    error_message = "files_signing_key names none of files_public_keys."
  }
}

# --- secrets

variable "app_secrets" {
  description = "JSON object: what consoles and workers may know besides the addresses made here."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(setsubtract(["BACKUP_KEYS", "CLOUDFRONT_KEY", "EMAIL_URL", "FIELD_ENCRYPTION_KEYS", "METRICS_TOKEN", "OUTPOST_STORE_KEYS", "SECRET_KEY"], keys(jsondecode(var.app_secrets)))) == 0
    error_message = "app_secrets names all of BACKUP_KEYS, CLOUDFRONT_KEY, EMAIL_URL, FIELD_ENCRYPTION_KEYS, METRICS_TOKEN, OUTPOST_STORE_KEYS, SECRET_KEY."
  }
}

variable "outpost_secrets" {
  description = "JSON object: what outposts may know besides the address of the live store."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(setsubtract(["OUTPOST_CLIENT_CA_PEM", "OUTPOST_STORE_KEYS", "OUTPOST_TLS_CERT_PEM", "OUTPOST_TLS_KEY_PEM"], keys(jsondecode(var.outpost_secrets)))) == 0
    error_message = "outpost_secrets names all of OUTPOST_CLIENT_CA_PEM, OUTPOST_STORE_KEYS, OUTPOST_TLS_CERT_PEM, OUTPOST_TLS_KEY_PEM."
  }
}

variable "secrets_version" {
  description = "Raise it to have both secrets written again."
  type        = number
  default     = 1
}
