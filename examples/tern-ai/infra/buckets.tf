# Where text is kept, and for how long.
variable "project" {
  type = string
}

variable "chat_log_days" {
  description = "Days for which conversations are kept; set by each environment"
  type        = number
}

resource "google_storage_bucket" "web_text" {
  name                        = "tern-web-text"
  project                     = var.project
  location                    = "EU"
  uniform_bucket_level_access = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 1095
    }
  }
}

resource "google_storage_bucket" "press" {
  name                        = "tern-press-archive"
  project                     = var.project
  location                    = "EU"
  uniform_bucket_level_access = true

  # Kept cheap; the contract asks for the originals once a year.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }
    condition {
      age = 90
    }
  }
}

resource "google_storage_bucket" "price_pages" {
  name                        = "tern-price-pages"
  project                     = var.project
  location                    = "EU"
  uniform_bucket_level_access = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 90
    }
  }
}

resource "google_storage_bucket" "conversations" {
  name                        = "tern-chat-conversations"
  project                     = var.project
  location                    = "EU"
  uniform_bucket_level_access = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.chat_log_days
    }
  }
}
