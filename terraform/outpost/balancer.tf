# The access points' door: TCP is passed on as it is, mutual TLS ends in the outpost.

locals {
  # The ports that the balancer's security group admits. 443 has a target group of its own: a connection to each
  # (address, port) pair of a target is unique.
  doors = { for port in split(",", local.network.outpost_ports) : port == "443" ? "https" : "outpost" => tonumber(port) }
}

resource "aws_lb" "outpost" {
  #checkov:skip=CKV_AWS_91:An NLB logs TLS listeners only, and ours pass TCP on; the outpost logs who connects.
  name               = "${local.name}-outpost"
  load_balancer_type = "network"
  security_groups    = [local.network.outpost_balancer_security_group_id]
  subnets            = split(",", local.network.public_subnet_ids)

  # An access point keeps the address it resolved: it must not meet a zone without an outpost.
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection
}

resource "aws_lb_target_group" "outpost" {
  for_each = local.doors

  name     = "${local.name}-${each.key}"
  port     = 15002
  protocol = "TCP"
  vpc_id   = local.network.vpc_id

  preserve_client_ip = true # the outpost logs and limits by the access point's own address

  # A draining outpost closes its connections itself, gradually; the balancer cuts none. Auto Scaling waits for the
  # whole delay before its hook `drain` begins, also when nobody is held any more.
  deregistration_delay   = 120
  connection_termination = false

  # One that turned red is draining: whoever it holds stays until it lets go.
  target_health_state {
    enable_unhealthy_connection_termination = false
  }

  # The admin port is open to the balancer alone.
  health_check {
    protocol            = "HTTP"
    port                = "15003"
    path                = "/readyz"
    matcher             = "200"
    interval            = 5 # red after 10 s; newcomers may be sent a while longer, see published.tf
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "outpost" {
  for_each = local.doors

  load_balancer_arn = aws_lb.outpost.arn
  port              = each.value
  protocol          = "TCP"

  # Longer than the longest pause of an access point (its ping, a minute), so that no idle one is forgotten silently.
  tcp_idle_timeout_seconds = 350

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.outpost[each.key].arn
  }
}

resource "aws_route53_record" "outpost" {
  zone_id = local.network.zone_id
  name    = "outpost.${var.domain}"
  type    = "A"

  alias {
    name                   = aws_lb.outpost.dns_name
    zone_id                = aws_lb.outpost.zone_id
    evaluate_target_health = false
  }
}
