# Debian 12 -> base image: packages, users, limits, agents. Slow, and made again only when scripts/key base changes.
#
# Every name of a package or a version is in versions.sh, what is done in scripts/base.sh. Run it by ami/build.

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "architecture" {
  description = "arm64 or amd64: as Debian calls it."
  type        = string
  default     = "arm64"
}

variable "upload" {
  description = "The archive that ami/build packed: ami/ alone."
  type        = string
}

variable "image_name" {
  type = string
}

variable "source_ami" {
  description = "Debian's own image of this architecture; ami/build finds the newest."
  type        = string
}

variable "subnet_id" {
  description = "Where the builder runs; the default VPC unless said."
  type        = string
  default     = ""
}

variable "manifest" {
  description = "The file in which Packer tells the image's id."
  type        = string
}

variable "key" {
  description = "scripts/key base: by this tag the image is found again."
  type        = string
}

variable "agents" {
  description = "1: with Session Manager's agent (scripts/agents.sh); 0: where it cannot be fetched."
  type        = string
  default     = "1"
}

# A local AWS has no instances: the tests lead Packer to a machine of their own.
variable "ec2_endpoint" {
  type    = string
  default = ""
}

variable "ssh_host" {
  type    = string
  default = ""
}

variable "ssh_port" {
  type    = number
  default = 22
}

variable "ssh_private_key_file" {
  type    = string
  default = ""
}

locals {
  # The least that builds in minutes: medium for apt and collectstatic, never the size that serves.
  instance_type = var.architecture == "arm64" ? "t4g.medium" : "t3.medium"
  tags          = { Project = "aerie", Name = var.image_name, BaseKey = var.key, Architecture = var.architecture }
  # The deployer's rights are bound to it: it may end what it started (terraform/app).
  builder_tags = { Project = "aerie", Name = "aerie-builder", Builder = "packer" }
}

source "amazon-ebs" "base" {
  region                  = var.region
  ami_name                = var.image_name
  ami_description         = "Aerie: Debian 12 with what every release needs"
  ami_virtualization_type = "hvm"
  ena_support             = true
  source_ami              = var.source_ami
  instance_type           = local.instance_type
  subnet_id               = var.subnet_id
  custom_endpoint_ec2     = var.ec2_endpoint

  communicator         = "ssh"
  ssh_username         = "admin"
  ssh_host             = var.ssh_host
  ssh_port             = var.ssh_port
  ssh_private_key_file = var.ssh_private_key_file
  ssh_timeout          = "5m"
  # The key that Packer made for this build does not stay: scripts/clean.sh removes it as well.
  ssh_clear_authorized_keys = true

  # IMDSv2 alone: Packer 1.6 cannot ask for it; ami/build sets it on the image, launch templates demand it.

  launch_block_device_mappings {
    device_name           = "/dev/xvda" # Debian's images call their root disk so
    volume_type           = "gp3"
    volume_size           = 8
    iops                  = 3000
    throughput            = 125 # MiB/s: what gp3 has at no cost; Packer 1.6 sends 0 unless told
    encrypted             = true
    delete_on_termination = true
  }

  tags            = local.tags
  snapshot_tags   = local.tags
  run_tags        = local.builder_tags
  run_volume_tags = local.builder_tags
}

build {
  sources = ["source.amazon-ebs.base"]

  provisioner "file" {
    source      = var.upload
    destination = "/tmp/aerie.tar"
  }

  provisioner "shell" {
    inline = [
      "if command -v cloud-init >/dev/null; then sudo cloud-init status --wait >/dev/null || true; fi",
      "sudo mkdir -p /var/tmp/aerie",
      "sudo tar --extract --no-same-owner --file=/tmp/aerie.tar --directory=/var/tmp/aerie",
      "sudo env AERIE_AGENTS=${var.agents} /var/tmp/aerie/ami/scripts/base.sh",
    ]
  }

  post-processor "manifest" {
    output = var.manifest
  }
}
