# Who may speak with whom, on one page. Groups belong to this state, so that databases can admit instances and
# balancers can reach them without any state waiting for another.

locals {
  groups = {
    console_balancer = "Browsers reach the console here"
    outpost_balancer = "Access points and live pages reach outposts here"
    console          = "Instances with the role console"
    worker           = "Instances with the role worker"
    utility          = "Instances with the role utility"
    outpost          = "Instances with the role outpost"
    database         = "Aurora MySQL"
    redis            = "Redis: queues and the live store"
  }

  https = 443
  # Ports that the internet may open.
  doors = merge(
    {
      console_http  = { group = "console_balancer", port = 80 } # answers with a redirect
      console_https = { group = "console_balancer", port = 443 }
    },
    { for port in var.outpost_ports : "outpost_${port}" => { group = "outpost_balancer", port = port } },
  )

  # The caller, the called, the port. Both sides get their rule.
  calls = {
    console_balancer_to_console = { from = "console_balancer", to = "console", port = 8000 }
    outpost_balancer_to_outpost = { from = "outpost_balancer", to = "outpost", port = 15002 }
    outpost_balancer_asks       = { from = "outpost_balancer", to = "outpost", port = 15003 } # /readyz
    console_to_database         = { from = "console", to = "database", port = 3306 }
    worker_to_database          = { from = "worker", to = "database", port = 3306 }
    utility_to_database         = { from = "utility", to = "database", port = 3306 }
    console_to_redis            = { from = "console", to = "redis", port = 6379 }
    worker_to_redis             = { from = "worker", to = "redis", port = 6379 }
    utility_to_redis            = { from = "utility", to = "redis", port = 6379 }
    outpost_to_redis            = { from = "outpost", to = "redis", port = 6379 }
  }

  # To the world: AWS, webhooks and Sentry by HTTPS; mail by submission with TLS.
  ways_out = merge(
    { for role in ["console", "worker", "utility", "outpost"] : "${role}_https" => { group = role, port = local.https } },
    { for role in ["console", "worker", "utility"] : "${role}_mail" => { group = role, port = 587 } },
  )
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:Attached by the states that hold the instances, balancers and databases.
  for_each = local.groups

  name        = "${local.name}-${replace(each.key, "_", "-")}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${local.name}-${replace(each.key, "_", "-")}" }
}

resource "aws_vpc_security_group_ingress_rule" "door" {
  for_each = local.doors

  security_group_id = aws_security_group.this[each.value.group].id
  description       = "The internet"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "call" {
  for_each = local.calls

  security_group_id            = aws_security_group.this[each.value.to].id
  description                  = "From ${replace(each.value.from, "_", " ")}"
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "call" {
  for_each = local.calls

  security_group_id            = aws_security_group.this[each.value.from].id
  description                  = "To ${replace(each.value.to, "_", " ")}"
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "way_out" {
  for_each = local.ways_out

  security_group_id = aws_security_group.this[each.value.group].id
  description       = "The internet"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
