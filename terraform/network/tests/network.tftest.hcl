# What must not change by accident. Offline: every answer of Amazon's is made up.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  environment        = "production"
  region             = "eu-central-1"
  domain             = "aerie.example"
  cidr_block         = "10.48.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat_gateways       = 3
  flow_log_days      = 30
}

run "every_zone_has_its_subnets" {
  command = plan

  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { eu-central-1a = "10.48.0.0/20", eu-central-1b = "10.48.16.0/20", eu-central-1c = "10.48.32.0/20" }
    error_message = "A /20 for the instances of each zone."
  }

  assert {
    condition     = length(distinct(concat(values(local.private), values(local.public), values(local.data)))) == 9
    error_message = "Nine subnets that do not overlap."
  }

  assert {
    condition     = alltrue([for subnet in merge(aws_subnet.public, aws_subnet.private, aws_subnet.data) : subnet.map_public_ip_on_launch != true])
    error_message = "Nothing gets a public address by being started."
  }
}

run "every_zone_of_production_has_a_way_out_of_its_own" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_eip.outbound) == 3
    error_message = "Three NAT gateways with three fixed addresses."
  }
}

run "staging_shares_one" {
  command = plan

  variables {
    environment        = "staging"
    availability_zones = ["eu-central-1a", "eu-central-1b"]
    nat_gateways       = 1
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && length(aws_route.outbound) == 2
    error_message = "One NAT gateway, and a route to it from both zones."
  }
}

run "databases_have_no_way_out" {
  command = plan

  assert {
    condition     = toset([for route in aws_route.outbound : route.destination_cidr_block]) == toset(["0.0.0.0/0"]) && keys(aws_route.outbound) == keys(aws_route_table.private)
    error_message = "Only the tables of instances lead out."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.way_out : !contains(["database", "redis", "console_balancer", "outpost_balancer"], rule.description)]) && length([for name, way in local.ways_out : name if contains(["database", "redis"], way.group)]) == 0
    error_message = "Neither MySQL nor Redis speaks to the internet."
  }
}

run "an_outpost_cannot_reach_mysql" {
  command = plan

  assert {
    condition     = toset([for call in local.calls : call.from if call.to == "database"]) == toset(["console", "worker", "utility"])
    error_message = "MySQL is for consoles, workers and utilities."
  }

  assert {
    condition     = toset([for call in local.calls : "${call.to}:${call.port}" if call.from == "outpost"]) == toset(["redis:6379"])
    error_message = "An outpost speaks to the live store alone."
  }
}

run "three_doors" {
  command = plan

  assert {
    condition     = { for name, rule in aws_vpc_security_group_ingress_rule.door : name => rule.from_port } == { console_http = 80, console_https = 443, outpost_15002 = 15002 }
    error_message = "80, 443 and 15002, on balancers, and no port of an administrator's."
  }

  assert {
    condition     = alltrue([for door in local.doors : endswith(door.group, "_balancer")])
    error_message = "Only balancers are open to the internet."
  }
}

run "a_fourth_where_access_points_get_out_by_443_alone" {
  command = plan

  variables {
    outpost_ports = [15002, 443]
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.door["outpost_443"].from_port == 443 && local.doors["outpost_443"] == { group = "outpost_balancer", port = 443 }
    error_message = "The outposts' balancer is reached by 443 too."
  }
}

run "outposts_are_always_reached_by_their_own_port" {
  command = plan

  variables {
    outpost_ports = [443]
  }

  expect_failures = [var.outpost_ports]
}

run "whoever_issues_the_outposts_certificate_is_named" {
  command = plan

  variables {
    certificate_authorities = ["letsencrypt.org", "amazon.com"]
  }

  assert {
    condition     = aws_route53_record.authorities.records == toset(["0 issue \"amazon.com\"", "0 issue \"letsencrypt.org\"", "0 issuewild \";\""])
    error_message = "Two authorities, and no certificate for all names."
  }
}

run "refused_connections_are_written_down" {
  command = plan

  assert {
    condition     = aws_flow_log.refused.traffic_type == "REJECT" && aws_kms_key.logs.enable_key_rotation
    error_message = "Flow logs of refusals, with a key that is rotated."
  }
}

run "one_zone_is_not_enough" {
  command = plan

  variables {
    availability_zones = ["eu-central-1a"]
    nat_gateways       = 1
  }

  expect_failures = [var.availability_zones]
}
