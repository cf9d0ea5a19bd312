variable "environment" {
  description = "staging or production"
  type        = string
  default     = "production"
}

variable "picture_limit" {
  description = "Pictures that one address may fetch in the rule's window; set for each region when it is rolled out."
  type        = number
}

locals {
  service = "harbour"
  tags = {
    service     = local.service
    environment = var.environment
    owner       = "edge"
  }
}
