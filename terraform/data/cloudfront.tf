# Two distributions: static files for everybody, and stored files for whoever holds an address that the console signed.

locals {
  year = 31536000
  # Amazon's own policies have the same ids in every account.
  caching_disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = local.name
  description                       = "CloudFront signs what it asks S3"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# A name holds a hash of its content, or the id of an image that never changes.
resource "aws_cloudfront_cache_policy" "immutable" {
  name        = "${local.name}-immutable"
  comment     = "Kept for a year"
  min_ttl     = 1
  default_ttl = local.year
  max_ttl     = local.year

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    # The name a download is saved as: see devices/storage.py's link().
    query_strings_config {
      query_string_behavior = "whitelist"

      query_strings {
        items = ["response-content-disposition"]
      }
    }
  }
}

resource "aws_cloudfront_origin_request_policy" "download" {
  name    = "${local.name}-download"
  comment = "Tells S3 what the download is called"

  cookies_config {
    cookie_behavior = "none"
  }

  headers_config {
    header_behavior = "none"
  }

  query_strings_config {
    query_string_behavior = "whitelist"

    query_strings {
      items = ["response-content-disposition"]
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  #checkov:skip=CKV_AWS_259:It wants a place in the browsers' preload list, which is the parent domain's to ask for.
  name    = local.name
  comment = "What the console says as well"

  security_headers_config {
    content_type_options {
      override = true
    }

    content_security_policy {
      content_security_policy = "default-src 'none'; frame-ancestors 'none'"
      override                = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "same-origin"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = local.year
      include_subdomains         = true
      override                   = true
    }
  }

  # Fonts and modules are asked for across origins: by the console's pages alone.
  cors_config {
    access_control_allow_credentials = false
    origin_override                  = true

    access_control_allow_headers {
      items = ["*"]
    }

    access_control_allow_methods {
      items = ["GET", "HEAD"]
    }

    access_control_allow_origins {
      items = ["https://${var.domain}"]
    }
  }
}

resource "aws_cloudfront_distribution" "static" {
  #checkov:skip=CKV_AWS_68:Public files without a program behind them: nothing for a firewall to defend.
  #checkov:skip=CKV2_AWS_47:Public files without a program behind them: nothing for a firewall to defend.
  #checkov:skip=CKV_AWS_86:Who reads a style sheet is no business of ours; S3 logs what CloudFront fetches.
  #checkov:skip=CKV_AWS_310:The origin is S3, in three zones of its own; there is no second one to fail over to.
  #checkov:skip=CKV_AWS_374:Customers are everywhere.
  #checkov:skip=CKV_AWS_305:There is no page to begin with.
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = "PriceClass_100"
  comment         = "Static files of ${var.environment}"
  aliases         = [local.hosts.static]

  origin {
    origin_id                = "static"
    domain_name              = "${local.bucket.static}.s3.${var.region}.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = "static"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.immutable.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  # A file that is not there yet may be there in a moment.
  custom_error_response {
    error_code            = 403
    error_caching_min_ttl = 1
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.files.certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

resource "aws_cloudfront_public_key" "files" {
  for_each = var.files_public_keys

  name        = "${local.name}-files-${each.key}"
  comment     = "Signs addresses of files"
  encoded_key = each.value

  lifecycle {
    create_before_destroy = true
  }
}

# All are believed while the console changes from one to the next.
resource "aws_cloudfront_key_group" "files" {
  name    = "${local.name}-files"
  comment = "Who may sign addresses of files"
  items   = [for name in sort(keys(var.files_public_keys)) : aws_cloudfront_public_key.files[name].id]
}

resource "aws_cloudfront_distribution" "files" {
  #checkov:skip=CKV_AWS_68:Whoever holds no signed address is refused by CloudFront itself.
  #checkov:skip=CKV2_AWS_47:Whoever holds no signed address is refused by CloudFront itself.
  #checkov:skip=CKV_AWS_86:The console logs each address that it hands out; S3 logs what CloudFront fetches.
  #checkov:skip=CKV_AWS_310:The origin is S3, in three zones of its own; there is no second one to fail over to.
  #checkov:skip=CKV_AWS_374:Access points are everywhere.
  #checkov:skip=CKV_AWS_305:There is no page to begin with.
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = "PriceClass_100"
  comment         = "Firmware, reports and traces of ${var.environment}"
  aliases         = [local.hosts.files]

  origin {
    origin_id                = "files"
    domain_name              = "${local.bucket.files}.s3.${var.region}.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  # Reports may be made anew under their name: asked for each time.
  default_cache_behavior {
    target_origin_id           = "files"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_disabled
    origin_request_policy_id   = aws_cloudfront_origin_request_policy.download.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    trusted_key_groups         = [aws_cloudfront_key_group.files.id]
  }

  # Ten thousand access points fetch the same image: from S3 it is fetched once in each place.
  ordered_cache_behavior {
    path_pattern               = "firmware/*"
    target_origin_id           = "files"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = aws_cloudfront_cache_policy.immutable.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    trusted_key_groups         = [aws_cloudfront_key_group.files.id]
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.files.certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}
