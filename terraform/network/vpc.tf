locals {
  zones = { for index, zone in var.availability_zones : zone => index }
  nats  = toset(slice(var.availability_zones, 0, var.nat_gateways))
  # A /20 for each zone's instances, a /24 for its balancers and for its databases.
  private = { for zone, index in local.zones : zone => cidrsubnet(var.cidr_block, 4, index) }
  public  = { for zone, index in local.zones : zone => cidrsubnet(var.cidr_block, 8, 128 + index) }
  data    = { for zone, index in local.zones : zone => cidrsubnet(var.cidr_block, 8, 192 + index) }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# Whatever forgets to name a security group may speak with nobody.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "public" {
  for_each = local.public

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${local.name}-public-${each.key}" }
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${local.name}-private-${each.key}" }
}

resource "aws_subnet" "data" {
  for_each = local.data

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${local.name}-data-${each.key}" }
}
