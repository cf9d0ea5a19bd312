variable "environment" {
  type    = string
  default = "production"
}

variable "api_limit" {
  description = "Requests to the API in five minutes from one address"
  type        = number
}

variable "load_balancer_arn" {
  type = string
}
