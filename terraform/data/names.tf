# Host names of the two distributions, their certificate, and where the names lead.

locals {
  hosts = {
    static = "static.${var.domain}"
    files  = "files.${var.domain}"
  }
}

resource "aws_acm_certificate" "files" {
  provider = aws.us_east_1

  domain_name               = local.hosts.files
  subject_alternative_names = [local.hosts.static]
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = {
    for option in aws_acm_certificate.files.domain_validation_options : option.domain_name => option
  }

  zone_id         = local.network.zone_id
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "files" {
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.files.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

locals {
  distributions = {
    static = aws_cloudfront_distribution.static
    files  = aws_cloudfront_distribution.files
  }
  records = { for pair in setproduct(keys(local.hosts), ["A", "AAAA"]) : join("-", pair) => pair }
}

resource "aws_route53_record" "distribution" {
  for_each = local.records

  zone_id = local.network.zone_id
  name    = local.hosts[each.value[0]]
  type    = each.value[1]

  alias {
    name                   = local.distributions[each.value[0]].domain_name
    zone_id                = local.distributions[each.value[0]].hosted_zone_id
    evaluate_target_health = false
  }
}
