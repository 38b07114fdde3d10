# --- the image ------------------------------------------------------------------------------------

variable "first_image" {
  description = "The AMI until a deploy has written /aerie/<environment>/release/ami."
  type        = string
  default     = ""
}

variable "first_release" {
  description = "The release on first_image."
  type        = string
  default     = "0.0.0"
}

# --- instances ------------------------------------------------------------------------------------

variable "fleets" {
  description = <<-WORDS
    Instances by role. instance_type: arm64. size: fewest and most. floors: from a time (cron, time_zone) on at least
    so many. spot: null, or on-demand base and percentage, and the types to choose from. detailed_monitoring costs
    2 USD a month for each instance.
  WORDS
  type = map(object({
    instance_type       = string
    size                = object({ min = number, max = number })
    floors              = optional(map(object({ at = string, min = number })), {})
    spot                = optional(object({ on_demand_base = number, on_demand_percent = number, instance_types = list(string) }))
    detailed_monitoring = optional(bool, true)
    disk_size           = optional(number, 12)
  }))

  validation {
    condition     = toset(keys(var.fleets)) == toset(["console", "utility", "worker"])
    error_message = "This state has the fleets console, worker and utility."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : fleet.size.min >= 1])
    error_message = "Every role has one instance at least, at any time: who is not there notices nothing that is due."
  }
}

variable "time_zone" {
  description = "Whose mornings the floors' times are."
  type        = string
  default     = "Europe/Berlin"
}

variable "rest_at" {
  description = "When floors end (cron, time_zone)."
  type        = string
  default     = "0 20 * * *"
}

variable "requests_per_instance" {
  description = "Requests a minute and console instance that target tracking aims at. A page takes 15-25 ms of CPU, so that two cores answer some 6,000; two fifths of it leave room for a lost zone and for the minutes until a new instance answers."
  type        = number
  default     = 2400
}

variable "console_cpu" {
  description = "Percent of CPU, average of the consoles, for what is heavy though rare: exports, pages of thousands of access points."
  type        = number
  default     = 50
}

variable "queue_per_worker" {
  description = "Jobs that wait for each worker process, above which there are to be more: at a quarter of a second each, the last of so many begins after ten seconds."
  type        = number
  default     = 40
}

variable "busy_workers" {
  description = "Share of worker processes that are at work, in percent, average. Below it a burst finds somebody idle."
  type        = number
  default     = 60
}

variable "utility_cpu" {
  description = "Percent of CPU, average of the utility instances: dumping, compressing and sealing are all CPU."
  type        = number
  default     = 70
}

# --- the balancer ---------------------------------------------------------------------------------

variable "certificate_arn" {
  description = "An ACM certificate for the domain; null makes one and proves the domain by its zone."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Of the balancer. True but in a staging that comes and goes."
  type        = bool
  default     = true

  validation {
    condition     = var.deletion_protection || var.environment != "production"
    error_message = "Production's balancer is protected from deletion."
  }
}

variable "web_firewall" {
  description = "AWS WAF in front of the console: managed rules and a rate limit for each address. On in production; about 9 USD a month and 0.60 for each million requests, which staging has no use for."
  type        = bool
  default     = true
}

variable "requests_per_address" {
  description = "Requests in five minutes from one address before the firewall refuses it. A company behind one address, a page polling each, stays below."
  type        = number
  default     = 6000
}

# --- what instances are told ----------------------------------------------------------------------

variable "outpost_public_url" {
  description = "Where access points connect, when it is not wss://outpost.<domain>:15002."
  type        = string
  default     = null
}

variable "settings" {
  description = "Further variables of .env.example for every role, none of them secret."
  type        = map(string)
  default     = {}
}

variable "role_settings" {
  description = "The same for one role: role to variables."
  type        = map(map(string))
  default     = {}
}

# --- operations -----------------------------------------------------------------------------------

variable "operators" {
  description = "E-mail addresses that alarms and budgets write to. Each confirms once."
  type        = list(string)
}

variable "log_days" {
  description = "How long logs are kept. A year in production: a break-in is often found after months."
  type        = number
  default     = 365
}

variable "budget" {
  description = "USD a month. Told at 80 percent spent, and when the forecast is above it."
  type        = number
}

variable "github_repository" {
  description = "owner/name whose workflows may deploy to this environment (GitHub's OIDC); null: none."
  type        = string
  default     = null
}

variable "github_oidc_provider_arn" {
  description = "GitHub's identity provider in this account; needed with github_repository."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || var.github_oidc_provider_arn != null
    error_message = "github_repository needs github_oidc_provider_arn."
  }
}

variable "deployers" {
  description = "ARNs of the IAM principals that may assume the deployer's role, with a second factor."
  type        = list(string)
  default     = []
}
