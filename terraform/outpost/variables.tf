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

variable "instance_type" {
  description = "arm64. Memory decides: a connection with mutual TLS takes 41 KiB, so 2 GiB hold 25,000 and leave half for the system."
  type        = string
}

variable "size" {
  description = "Fewest and most instances. Two at least where people rely on it: everybody of a lost one is back within the second elsewhere."
  type        = object({ min = number, max = number })

  validation {
    condition     = var.size.min >= 1
    error_message = "There is one outpost at least, at any time."
  }
}

variable "floors" {
  description = "From a time (cron, time_zone) on at least so many."
  type        = map(object({ at = string, min = number }))
  default     = {}
}

variable "time_zone" {
  description = "Whose mornings the floors' times are."
  type        = string
  default     = "Europe/Berlin"
}

variable "detailed_monitoring" {
  description = "Metrics of the machine each minute, 2 USD a month for each instance."
  type        = bool
  default     = true
}

variable "connections_per_instance" {
  description = "What target tracking aims at. 60 percent of what fits: a zone of three may be lost, and the rest holds all."
  type        = number
  default     = 15000
}

variable "quiet_hours_utc" {
  description = "When instances may be taken away (from inclusive, to exclusive): each moves everybody it holds."
  type        = object({ from = number, to = number })
  default     = { from = 1, to = 4 }
}

variable "device_auth" {
  description = "How an access point proves its serial: certificate or key."
  type        = string
  default     = "certificate"

  validation {
    condition     = contains(["certificate", "key"], var.device_auth)
    error_message = "certificate or key; `open` is the demo's alone."
  }
}

variable "settings" {
  description = "Further variables of .env.example for outposts, none of them secret."
  type        = map(string)
  default     = {}
}

# --- the balancer ---------------------------------------------------------------------------------

variable "deletion_protection" {
  description = "Of the balancer. True but in a staging that comes and goes."
  type        = bool
  default     = true

  validation {
    condition     = var.deletion_protection || var.environment != "production"
    error_message = "Production's balancer is protected from deletion."
  }
}

# --- operations -----------------------------------------------------------------------------------

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
}

variable "connections_limit" {
  description = "Connections of the fullest outpost, beyond which scaling has not kept up: nine tenths of what fits."
  type        = number
  default     = 22000
}

variable "disconnects_limit" {
  description = "Percent of all connections lost within five minutes. Draining one of three instances moves a third, but each is back before the next sample."
  type        = number
  default     = 10
}

variable "certificate_days_limit" {
  description = "Days left of the outpost's certificate. Renewing it is a new secret and no deploy, so three weeks do."
  type        = number
  default     = 21
}
