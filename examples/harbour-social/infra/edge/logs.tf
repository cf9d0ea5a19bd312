resource "aws_cloudwatch_log_group" "access" {
  name              = "aws-waf-logs-${local.service}"
  retention_in_days = 180
  tags              = local.tags
}

resource "aws_wafv2_web_acl_logging_configuration" "edge" {
  log_destination_configs = [aws_cloudwatch_log_group.access.arn]
  resource_arn            = aws_wafv2_web_acl.edge.arn
}

# Access logs of the partner interface, read for each partner.
resource "aws_cloudwatch_log_group" "partners" {
  name              = "/harbour/partners/access"
  retention_in_days = 365
  tags              = local.tags
}
