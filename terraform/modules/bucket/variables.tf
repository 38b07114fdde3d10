variable "name" {
  description = "The bucket's name, unique in the world."
  type        = string
}

variable "key_arn" {
  description = "KMS key that encrypts its objects; null leaves them to S3's own key."
  type        = string
  default     = null
}

variable "logs" {
  description = "The bucket that is told of every request; null for that bucket itself."
  type        = object({ name = string })
  default     = null
}

variable "expire" {
  description = "Days until objects are deleted, by prefix; an empty prefix is all of them."
  type        = map(number)
  default     = {}
}

variable "cool" {
  description = "Days until objects move to a class that is cheaper to keep (infrequent access), by prefix."
  type        = map(number)
  default     = {}
}

variable "former_days" {
  description = "For how many days an overwritten or deleted object can be brought back."
  type        = number
  default     = 30
}

variable "statements" {
  description = "Policy documents (JSON) that are added to the bucket's own."
  type        = list(string)
  default     = []
}

variable "destroyable" {
  description = "Whether destroying the bucket destroys what is in it."
  type        = bool
  default     = false
}
