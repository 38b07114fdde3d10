variable "cidr_block" {
  description = "Addresses of the VPC, a /16: subnets are cut from it."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr_block)) && endswith(var.cidr_block, "/16")
    error_message = "cidr_block is an IPv4 /16."
  }
}

variable "availability_zones" {
  description = "Names of two to four availability zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.availability_zones)) >= 2 && length(var.availability_zones) <= 4
    error_message = "Two to four different availability zones."
  }
}

variable "nat_gateways" {
  description = "How many zones have a NAT gateway with an address of its own; the others share them."
  type        = number

  validation {
    condition     = var.nat_gateways >= 1 && var.nat_gateways <= length(var.availability_zones)
    error_message = "At least one NAT gateway, and no more than availability zones."
  }
}

variable "outpost_ports" {
  description = "Where access points connect: 15002, and 443 too for those behind firewalls that let nothing else out."
  type        = set(number)
  default     = [15002]

  validation {
    condition     = contains(var.outpost_ports, 15002) && length(setsubtract(var.outpost_ports, [443, 15002])) == 0
    error_message = "outpost_ports is [15002] or [443, 15002]."
  }
}

variable "certificate_authorities" {
  description = "Who may issue certificates for the domain (CAA): Amazon for the console and the files, and whoever issues the outposts', when that is a public one such as letsencrypt.org."
  type        = set(string)
  default     = ["amazon.com"]

  validation {
    condition     = contains(var.certificate_authorities, "amazon.com")
    error_message = "Without amazon.com the console and the files have no certificate."
  }
}

variable "flow_log_days" {
  description = "For how long refused connections are kept."
  type        = number
}
