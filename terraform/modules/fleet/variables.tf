# --- whose instances these are --------------------------------------------------------------------

variable "environment" {
  description = "staging or production."
  type        = string
}

variable "region" {
  description = "Where it runs; told to the instances in their user data."
  type        = string
}

variable "role" {
  description = "Names the group: aerie-<environment>-<role>."
  type        = string
}

variable "roles" {
  description = "What an instance does, when that is more than the role the group is named for (a small staging holds console and worker in one)."
  type        = list(string)
  default     = []
}

# --- the machine ----------------------------------------------------------------------------------

variable "image" {
  description = "The AMI of the launch template's first version. Deploys make the versions after it."
  type        = string
}

variable "release" {
  description = "The release on that AMI, told in the user data."
  type        = string
}

variable "instance_type" {
  description = "What on-demand instances are. arm64: the image is built for it."
  type        = string
}

variable "spot" {
  description = "Null for on-demand only. Otherwise how many are on-demand at least (base), the share of those above it that are (percent), and the types spot may choose from: the more, the rarer an interruption."
  type = object({
    on_demand_base    = number
    on_demand_percent = number
    instance_types    = list(string)
  })
  default = null
}

variable "disk_size" {
  description = "GiB of the root disk. It holds the image, the journal and work in progress; nothing that may not be lost."
  type        = number
  default     = 12
}

variable "detailed_monitoring" {
  description = "Metrics of the machine each minute instead of every five: target tracking on CPU follows a morning's rise only with it."
  type        = bool
  default     = true
}

variable "endpoint_url" {
  description = "Another AWS than Amazon's, for tests; null in every real environment."
  type        = string
  default     = null
}

# --- the network ----------------------------------------------------------------------------------

variable "subnet_ids" {
  description = "Private subnets, one in each availability zone."
  type        = list(string)
}

variable "security_group_ids" {
  type = list(string)
}

variable "target_group_arns" {
  description = "Balancers' target groups the instances join. With one, its health check decides who is replaced."
  type        = list(string)
  default     = []
}

# --- how many -------------------------------------------------------------------------------------

variable "size" {
  description = "Fewest and most instances."
  type = object({
    min = number
    max = number
  })

  validation {
    condition     = var.size.min >= 0 && var.size.max >= var.size.min
    error_message = "size.max is at least size.min, and neither is negative."
  }
}

variable "floors" {
  description = "Scheduled floors: from each time (cron, in time_zone) on at least so many instances. The group goes back to size.min at rest_at."
  type = map(object({
    at  = string
    min = number
  }))
  default = {}
}

variable "rest_at" {
  description = "When the floor is size.min again (cron). It also carries a changed size.min to the group, which Terraform leaves to these actions."
  type        = string
  default     = "0 20 * * *"
}

variable "time_zone" {
  description = "The IANA time zone of floors and rest_at: most customers' mornings."
  type        = string
  default     = "Europe/Berlin"
}

variable "tracking" {
  description = "Target tracking by name. Either predefined (ASGAverageCPUUtilization, or ALBRequestCountPerTarget with a label), or a metric of ours in the namespace Aerie, by its name and dimensions."
  type = map(object({
    target     = number
    predefined = optional(string)
    label      = optional(string)
    metric     = optional(string)
    dimensions = optional(map(string), {})
    only_out   = optional(bool, false)
  }))
  default = {}
}

variable "slow_scale_in" {
  description = "Takes away one instance at a time while a metric of ours (namespace Aerie, average) has been below a value for so many minutes, and only within these hours (UTC, from inclusive, to exclusive). For what hurts when it moves, such as held connections. Null: target tracking does it."
  type = object({
    metric   = string
    below    = number
    minutes  = number
    from_utc = number
    to_utc   = number
  })
  default = null
}

variable "termination_policies" {
  description = "Which goes first once the zones are balanced."
  type        = list(string)
  default     = ["OldestLaunchTemplate", "OldestInstance"]
}

variable "warm_up" {
  description = "Seconds until a new instance's figures count and a refresh goes on to the next."
  type        = number
  default     = 120
}

variable "health_grace" {
  description = "Seconds a new instance is not judged by the balancer. The hook `ready` already keeps it out of service until it answers."
  type        = number
  default     = 60
}

variable "max_lifetime_days" {
  description = "An instance is replaced after so many days, so that nothing relies on one being old."
  type        = number
  default     = 14
}

# --- beginning and end of an instance -------------------------------------------------------------

variable "ready_seconds" {
  description = "How long booting to a healthy role may take. An instance that has not said ready by then is thrown away."
  type        = number
  default     = 600
}

variable "drain_seconds" {
  description = "How long an instance may take to finish what it does before it is ended regardless."
  type        = number
  default     = 300
}

# --- what it may ----------------------------------------------------------------------------------

variable "secret_arn" {
  description = "The one secret these roles read."
  type        = string
}

variable "secret_key_arn" {
  description = "KMS key of that secret."
  type        = string
}

variable "log_group_arns" {
  description = "Log groups its instances write to."
  type        = list(string)
}

variable "operations_key_arn" {
  description = "KMS key of logs and Session Manager's sessions."
  type        = string
}

variable "statements" {
  description = "Further IAM statements of this role alone, such as its prefixes in S3."
  type        = any
  default     = []
}
