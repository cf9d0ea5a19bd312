# What stands before the load balancer.
resource "aws_wafv2_ip_set" "resellers" {
  name               = "resellers"
  description        = "Networks from which listings were copied"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = ["192.0.2.0/24", "198.51.100.0/25"]
}

resource "aws_wafv2_web_acl" "market" {
  name        = "market-${var.environment}"
  description = "Marketplace, site and API"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "resellers"
    priority = 1

    action {
      block {}
    }

    statement {
      ip_set_reference_statement {
        arn = aws_wafv2_ip_set.resellers.arn
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "resellers"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "site-per-address"
    priority = 10

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit                 = 3000
        evaluation_window_sec = 300
        aggregate_key_type    = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "site-per-address"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "api-per-address"
    priority = 20

    action {
      count {}
    }

    statement {
      rate_based_statement {
        limit              = var.api_limit
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "api-per-address"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "bots"
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
            inspection_level = "TARGETED"
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "bots"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "market"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "market" {
  resource_arn = var.load_balancer_arn
  web_acl_arn  = aws_wafv2_web_acl.market.arn
}

resource "aws_cloudwatch_log_group" "waf" {
  name              = "aws-waf-logs-market"
  retention_in_days = 90
}
