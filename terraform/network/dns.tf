# Whoever holds the parent's zone delegates to the name servers of the output once.
resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:DNSSEC needs a DS record at the parent, which is not ours to promise.
  #checkov:skip=CKV2_AWS_39:Who asks for public names tells nothing that the balancers' logs do not.
  name    = var.domain
  comment = "Aerie, ${var.environment}"
}

# Nobody else may issue certificates for this domain, and nobody one for all names of it.
resource "aws_route53_record" "authorities" {
  zone_id = aws_route53_zone.this.zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = 3600
  records = concat([for authority in sort(var.certificate_authorities) : "0 issue \"${authority}\""], ["0 issuewild \";\""])
}
