# Base image -> app image: one release, its wheels, its static files, its units; ends with ami/verify. Quick.
#
# What is done is in scripts/app.sh. Run it by ami/build.

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
  description = "The archive that ami/build packed: ami/, app.tar and wheels/."
  type        = string
}

variable "image_name" {
  type = string
}

variable "source_ami" {
  description = "The base image."
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

variable "release" {
  type = string
}

variable "commit" {
  type = string
}

variable "built_at" {
  description = "ISO 8601, UTC."
  type        = string
}

variable "wheels" {
  description = "sha256 of wheels/requirements.lock."
  type        = string
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
  tags          = { Project = "aerie", Name = var.image_name, Release = var.release, Commit = var.commit, Architecture = var.architecture }
  # The deployer's rights are bound to it: it may end what it started (terraform/app).
  builder_tags = { Project = "aerie", Name = "aerie-builder", Builder = "packer" }
}

source "amazon-ebs" "app" {
  region                  = var.region
  ami_name                = var.image_name
  ami_description         = "Aerie: one release, for every role"
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
  sources = ["source.amazon-ebs.app"]

  provisioner "file" {
    source      = var.upload
    destination = "/tmp/aerie.tar"
  }

  provisioner "shell" {
    inline = [
      "if command -v cloud-init >/dev/null; then sudo cloud-init status --wait >/dev/null || true; fi",
      "sudo mkdir -p /var/tmp/aerie",
      "sudo tar --extract --no-same-owner --file=/tmp/aerie.tar --directory=/var/tmp/aerie",
      # At once: app.sh ends by taking the right to sudo away.
      "sudo env AERIE_RELEASE=${var.release} AERIE_COMMIT=${var.commit} AERIE_BUILT_AT=${var.built_at} AERIE_WHEELS=${var.wheels} sh -c '/var/tmp/aerie/ami/scripts/app.sh && /opt/aerie/verify'",
    ]
  }

  post-processor "manifest" {
    output = var.manifest
  }
}
