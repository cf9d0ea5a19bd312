# The web ACL in front of www, api and media. Priorities leave gaps on purpose.

# From incidents and from the list of the industry group; written by the blocklist job, reviewed by the edge team.
resource "aws_wafv2_ip_set" "collectors" {
  name               = "${local.service}-collectors"
  scope              = "CLOUDFRONT"
  ip_address_version = "IPV4"
  addresses          = ["192.0.2.0/24", "198.51.100.7/32", "203.0.113.64/26"]
}

resource "aws_wafv2_web_acl" "edge" {
  name        = "${local.service}-edge-${var.environment}"
  description = "Public pages, interfaces and pictures"
  scope       = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "known-collectors"
    priority = 5

    action {
      block {}
    }

    statement {
      ip_set_reference_statement {
        arn = aws_wafv2_ip_set.collectors.arn
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "known-collectors"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "pictures-per-address"
    priority = 20

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.picture_limit
        evaluation_window_sec = 60
        aggregate_key_type    = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "pictures"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "automation-tools"
    priority = 30

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        name        = "AWSManagedRulesBotControlRuleSet"
        vendor_name = "AWS"

        managed_rule_group_configs {
          aws_managed_rules_bot_control_rule_set {
            inspection_level = "COMMON"
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "automation-tools"
      sampled_requests_enabled   = true
    }
  }

  # Counting since the launch in Colombia: shared networks there were cut off. EDGE-915
  rule {
    name     = "abusive-networks"
    priority = 40

    override_action {
      count {}
    }

    statement {
      managed_rule_group_statement {
        name        = "AWSManagedRulesAnonymousIpList"
        vendor_name = "AWS"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "abusive-networks"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "edge"
    sampled_requests_enabled   = true
  }

  tags = local.tags
}
