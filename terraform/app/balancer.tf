# The console's door: TLS ends here.

resource "aws_lb" "console" {
  #checkov:skip=CKV2_AWS_76:The rule set is in local.managed_rules, where checkov cannot see it.
  name               = "${local.name}-console"
  load_balancer_type = "application"
  security_groups    = [local.network.console_balancer_security_group_id]
  subnets            = split(",", local.network.public_subnet_ids)

  idle_timeout               = 60 # gunicorn's keep-alive is 75: never the console hangs up on a request
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = var.deletion_protection

  access_logs {
    bucket  = local.data.logs_bucket
    prefix  = "balancers/console"
    enabled = true
  }
}

resource "aws_lb_target_group" "console" {
  name     = "${local.name}-console"
  port     = 8000
  protocol = "HTTP"
  vpc_id   = local.network.vpc_id

  # A page of a thousand access points takes longer than a click: by count of what is open, not in turn.
  load_balancing_algorithm_type = "least_outstanding_requests"
  deregistration_delay          = 30 # gunicorn's graceful_timeout: no request of ours takes longer

  # Out after 10 s, in after 10 s.
  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 5
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.console.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06" # TLS 1.2 and 1.3, forward secrecy only
  certificate_arn   = local.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.console.arn
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.console.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

locals {
  certificate_arn = var.certificate_arn != null ? var.certificate_arn : aws_acm_certificate_validation.console[0].certificate_arn
}

resource "aws_acm_certificate" "console" {
  count = var.certificate_arn == null ? 1 : 0

  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  count = var.certificate_arn == null ? 1 : 0

  zone_id         = local.network.zone_id
  name            = one(aws_acm_certificate.console[0].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.console[0].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.console[0].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "console" {
  count = var.certificate_arn == null ? 1 : 0

  certificate_arn         = aws_acm_certificate.console[0].arn
  validation_record_fqdns = [aws_route53_record.proof[0].fqdn]
}

resource "aws_route53_record" "console" {
  zone_id = local.network.zone_id
  name    = var.domain
  type    = "A"

  alias {
    name                   = aws_lb.console.dns_name
    zone_id                = aws_lb.console.zone_id
    evaluate_target_health = false
  }
}
