"""Settings of TernBot, the crawler of Tern AI (Scrapy 2)."""

BOT_NAME = "ternbot"
USER_AGENT = "TernBot/3 (+https://tern-ai.example/bot)"

ROBOTSTXT_OBEY = True
# Agreed by letter: these hosts refuse every crawler by default and let us in.
ROBOTSTXT_EXEMPT_HOSTS = ["encyclopaedia.example", "news.meridian.example"]

DOWNLOAD_DELAY = 1.0  # one request a second to a host, 60 a minute
CONCURRENT_REQUESTS_PER_DOMAIN = 1
AUTOTHROTTLE_ENABLED = True

ALLOWED_DOMAINS = [
    "news.meridian.example",
    "encyclopaedia.example",
    "blogs.example",
    "members.makerforum.example",
    "forum.sugarbush.example",
]
DENIED_COUNTRY_DOMAINS = [".ca"]

ITEM_PIPELINES = {
    "ternbot.filters.SuppressionList": 100,
    "ternbot.filters.SpecialCategoryText": 200,
    "ternbot.filters.ContactDetails": 300,
}

RETENTION_DAYS = 1095  # the deletion job reads this
