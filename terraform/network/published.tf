locals {
  outbound_addresses = [for zone in sort(local.nats) : aws_eip.outbound[zone].public_ip]
}

module "published" {
  source = "../modules/parameters"

  path = "${local.path}/network"
  values = merge(
    {
      vpc_id       = aws_vpc.this.id
      cidr_block   = var.cidr_block
      zone_id      = aws_route53_zone.this.zone_id
      logs_key_arn = aws_kms_key.logs.arn
    },
    { for name, group in aws_security_group.this : "${name}_security_group_id" => group.id },
  )
  lists = {
    availability_zones = var.availability_zones
    public_subnet_ids  = [for zone in var.availability_zones : aws_subnet.public[zone].id]
    private_subnet_ids = [for zone in var.availability_zones : aws_subnet.private[zone].id]
    data_subnet_ids    = [for zone in var.availability_zones : aws_subnet.data[zone].id]
    outbound_addresses = local.outbound_addresses
    outpost_ports      = [for port in sort(var.outpost_ports) : tostring(port)]
  }
}

output "outbound_addresses" {
  description = "The addresses that everything of ours speaks from, for customers who allow-list."
  value       = local.outbound_addresses
}

output "name_servers" {
  description = "What the parent of the domain delegates to."
  value       = aws_route53_zone.this.name_servers
}
