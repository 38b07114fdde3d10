# Where each alarm begins, and why there.

variable "queue_age_limits" {
  description = "Seconds a task may have waited, by queue. critical carries what a person looks at (a configuration on its way), default what comes round again within minutes, reports what may take a night."
  type        = map(number)
  default     = { critical = 60, default = 600, reports = 21600 }
}

variable "dead_tasks_limit" {
  description = "Tasks that were given up after 20 attempts. None is normal: each one is something somebody asked for and will not get."
  type        = number
  default     = 0
}

variable "console_errors_limit" {
  description = "Percent of requests answered with 5xx, balancer's own included, when there are five or more. A release that breaks one page of a hundred is to be rolled back."
  type        = number
  default     = 1
}

variable "console_latency_limit" {
  description = "Seconds of the 95th percentile. Pages take 50 to 200 ms; people call one second slow."
  type        = number
  default     = 1
}

variable "replica_lag_limit" {
  description = "Seconds. From 5 on the primary answers instead, so nobody sees old figures; for longer than minutes it carries double."
  type        = number
  default     = 30
}

variable "database_connections_limit" {
  description = "Three quarters of max_connections, which follows the most capacity the database may have: 90 with 2 Aurora capacity units, 1,000 with 8, 2,000 with 16. New instances need theirs before old ones give theirs back."
  type        = number
  default     = 68
}

variable "database_cpu_limit" {
  description = "Percent of the busiest member's CPU for a quarter of an hour. Above it a fail-over's survivor has nothing left."
  type        = number
  default     = 80
}

variable "redis_memory_limit" {
  description = "Percent of a member's memory. Queues must not be evicted; at 100 writes are refused."
  type        = number
  default     = 70
}

variable "scheduler_silence_limit" {
  description = "Seconds since the last tick of whoever holds the schedulers' lock. It ticks every second, and a lost holder is replaced within 15."
  type        = number
  default     = 120
}

variable "backup_age_limit" {
  description = "Hours. One is made each night: 26 allows a long one, and no night without."
  type        = number
  default     = 26
}

variable "certificate_days_limit" {
  description = "Days left. ACM renews at 60; at 30 something keeps it from doing so."
  type        = number
  default     = 30
}
