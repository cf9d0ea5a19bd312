terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

# What stands in front of CloudFront lives in this region.
provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}
